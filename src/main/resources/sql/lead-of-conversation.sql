-- The lead of a conversation that was resolved, and the intent that made it; no row once it was moved, for people move it from there.
select c.odoo_lead_id,
       (select cast(m.metadata ->> 'result' as jsonb) ->> 'intent'
          from public.messages m
         where m.chatwoot_conversation_id = c.chatwoot_conversation_id
           and cast(m.metadata ->> 'result' as jsonb) ->> 'lead' = cast(c.odoo_lead_id as text)
         limit 1) as lead_intent
  from public.conversations c
 where c.chatwoot_conversation_id = cast(:#${variable.changed[conversation_id]} as int)
   and c.odoo_lead_id is not null
   and not exists (select from hub.sent s where s.effect_key = 'lead-stage/' || c.odoo_lead_id)
