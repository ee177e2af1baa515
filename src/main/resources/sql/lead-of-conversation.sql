-- The lead of a conversation that was resolved, and the intent that made it; no row once it was moved, for people move it from there.
select c.odoo_lead_id, c.lead_intent
  from public.conversations c
 where c.chatwoot_conversation_id = cast(:#${variable.changed[conversation_id]} as int)
   and c.odoo_lead_id is not null
   and not exists (select from hub.sent s where s.effect_key = 'lead-stage/' || c.odoo_lead_id)
