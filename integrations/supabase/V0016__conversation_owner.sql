-- Whose a conversation is has a watermark of its own, and a tenant says which conversations its bot answers.

alter table public.conversations
  add column owner_at double precision,
  add column assignee text check (assignee in ('bot', 'person', 'nobody'));
comment on column public.conversations.source_at is 'Chatwoot''s updated_at of status and assignee, epoch seconds: webhooks come in any order, and an older one does not change them.';
comment on column public.conversations.owner_at is 'Chatwoot''s time of what decided the owner, epoch seconds; null if nothing did yet. Apart from source_at: a newer message does not hide a change of owner that is told late, and a change told late does not undo a newer one.';
comment on column public.conversations.assignee is 'Whom Chatwoot says it is assigned to; null if it never said. Chatwoot keeps the assignee of what was resolved or given back, so the owner counts.';

alter table hub.tenant_settings
  add column bot_answers text not null default 'pending' check (bot_answers in ('pending', 'open'));
comment on column hub.tenant_settings.bot_answers is
  'Which conversations the bot answers while it owns them. pending: those that are pending or assigned to a bot, as Chatwoot''s contract with bots is: an open conversation waits for a person. open: open ones as well, for accounts whose inboxes have no bot attached, where every conversation begins as open (the demo''s, which says so).';
-- Bots that were there before answered both.
update hub.tenant_settings set bot_answers = 'open' where botpress_bot_id is not null;

-- As before, and now only while the bot answers conversations of that kind (p_answers: hub.tenant_settings.bot_answers).
--   taken  another delivery answers, or answered, this message
--   human  people answer this conversation
--   wait   the customer may still be writing: ask again after wait_ms
--   turn   the messages of this turn, joined in their order; asking again for the same p_turn gives the same ones
create function hub.take_turn(p_conversation int, p_message bigint, p_turn uuid, p_pause_ms int, p_answers text)
returns table (verdict text, wait_ms bigint, content text, messages int, low_turns int, chatwoot_contact_id int,
               customer_name text, customer_email text, customer_phone text, odoo_lead_id int, result text)
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  c public.conversations;
  m public.messages;
  quiet interval;
  bots boolean;
begin
  select * into c from public.conversations x where x.chatwoot_conversation_id = p_conversation for update;
  select * into m from public.messages x where x.chatwoot_message_id = p_message;
  if m.chatwoot_message_id is null or (m.turn_id is not null and m.turn_id <> p_turn) then
    return query select 'taken', 0::bigint, null::text, 0, 0, null::int, null::text, null::text, null::text, null::int, null::text;
    return;
  end if;
  bots := c.owner = 'bot' and (p_answers = 'open' or c.status = 'pending' or c.assignee is not distinct from 'bot');
  if (m.turn_id is null and not bots) or (c.owner = 'human' and c.handoff_reason = 'agent_replied') then
    -- What people answer is no part of a later turn of the bot. A turn that has begun goes on, unless somebody replied meanwhile.
    update public.messages x set turn_id = p_turn where x.chatwoot_message_id = p_message and x.turn_id is null;
    return query select 'human', 0::bigint, null::text, 0, c.low_turns, c.chatwoot_contact_id, c.customer_name,
                        c.customer_email, c.customer_phone, c.odoo_lead_id, null::text;
    return;
  end if;
  if m.turn_id is null then
    quiet := clock_timestamp() - coalesce(c.last_incoming_at, m.created_at);
    if p_pause_ms > 0 and quiet < p_pause_ms * interval '1 millisecond' then
      return query select 'wait', greatest(1, p_pause_ms - (extract(epoch from quiet) * 1000)::bigint), null::text, 0,
                          c.low_turns, null::int, null::text, null::text, null::text, null::int, null::text;
      return;
    end if;
    update public.messages x set turn_id = p_turn
     where x.chatwoot_conversation_id = p_conversation and x.turn_id is null and x.message_type = 'incoming' and not x.private
       and (p_pause_ms > 0 or x.chatwoot_message_id <= p_message);
  end if;
  return query
    select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.chatwoot_message_id) filter (where x.content is not null),
           count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id,
           max(x.metadata ->> 'result')
      from public.messages x where x.chatwoot_conversation_id = p_conversation and x.turn_id = p_turn;
end $$;

-- For hubs of the version before, while they are replaced one by one.
create or replace function hub.take_turn(p_conversation int, p_message bigint, p_turn uuid, p_pause_ms int)
returns table (verdict text, wait_ms bigint, content text, messages int, low_turns int, chatwoot_contact_id int,
               customer_name text, customer_email text, customer_phone text, odoo_lead_id int, result text)
language sql set search_path = '' as $$
  select * from hub.take_turn(p_conversation, p_message, p_turn, p_pause_ms, 'open')
$$;

-- As before, with the owner's own watermark: of a person's reply and of what was given back, the later one counts. A message tells
-- status and assignee as of its source_at, like any other webhook.
create or replace function hub.record_messages(p_ids uuid[], p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[])
returns void
language plpgsql set search_path = '' as $$
begin
  with input as (
    select u.id, u.tenant, u.o, r.*
      from unnest(p_ids, p_tenants, p_bodies, p_records) with ordinality as u (id, tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as r (account_id int, conversation_id int, inbox_id int, message_id bigint, message_type text, private boolean,
                 sender_type text, sender_id bigint, content text, attachments jsonb, channel text, contact_id int,
                 contact_name text, contact_email text, contact_phone text, status text, source_at double precision,
                 said_at double precision, assignee text, assigned_to_person boolean, blocked boolean, hub_event_id text)
     where u.rec = 'messages' and u.o <> all (p_losers)
  ), said as (
    insert into public.messages (tenant_rut, chatwoot_message_id, chatwoot_conversation_id, event_id, message_type, private,
                                 sender_type, sender_id, content, attachments, turn_id)
    select distinct on (i.tenant, i.message_id)
           i.tenant, i.message_id, i.conversation_id, i.id, i.message_type, coalesce(i.private, false), i.sender_type,
           i.sender_id, i.content, coalesce(i.attachments, '[]'),
           -- What the bot may not act on is no part of any turn.
           case when i.blocked or i.hub_event_id is not null
                  or not exists (select from hub.tenant_settings b where b.tenant_rut = i.tenant and b.botpress_bot_id is not null)
                then i.id end
      from input i order by i.tenant, i.message_id, i.o
    on conflict (tenant_rut, chatwoot_message_id) do nothing
    returning tenant_rut, chatwoot_conversation_id, chatwoot_message_id, message_type, private, sender_type
  ), last as (
    select i.tenant, i.conversation_id,
           (array_agg(i.account_id order by i.o desc))[1] as account_id,
           (array_agg(i.inbox_id order by i.o desc) filter (where i.inbox_id is not null))[1] as inbox_id,
           (array_agg(i.channel order by i.o desc) filter (where i.channel is not null))[1] as channel,
           (array_agg(i.contact_id order by i.o desc) filter (where i.contact_id is not null))[1] as contact_id,
           (array_agg(i.contact_name order by i.o desc) filter (where i.contact_name is not null))[1] as contact_name,
           (array_agg(i.contact_email order by i.o desc) filter (where i.contact_email is not null))[1] as contact_email,
           (array_agg(i.contact_phone order by i.o desc) filter (where i.contact_phone is not null))[1] as contact_phone,
           (array_agg(i.status order by i.source_at desc nulls last, i.o desc) filter (where i.status is not null))[1] as status,
           (array_agg(i.assignee order by i.source_at desc nulls last, i.o desc) filter (where i.assignee is not null))[1] as assignee,
           max(i.source_at) as source_at,
           count(s.*) filter (where not s.private) as said,
           coalesce(bool_or(s.message_type = 'incoming' and not s.private), false) as incoming,
           coalesce(bool_or(s.sender_type = 'agent' and s.message_type = 'outgoing' and not s.private), false) as replied,
           max(i.said_at) filter (where s.sender_type = 'agent' and s.message_type = 'outgoing' and not s.private) as replied_at,
           coalesce(bool_or(i.assigned_to_person and i.status is distinct from 'pending' and s.chatwoot_message_id is not null),
                    false) as assigned
      from input i
      left join said s on s.tenant_rut = i.tenant and s.chatwoot_message_id = i.message_id
     group by i.tenant, i.conversation_id
  )
  insert into public.conversations as c (tenant_rut, chatwoot_conversation_id, chatwoot_account_id, inbox_id, channel,
      chatwoot_contact_id, customer_name, customer_email, customer_phone, status, assignee, owner, owner_at, handoff_reason,
      handoff_at, message_count, last_message_at, last_incoming_at, source_at)
  select l.tenant, l.conversation_id, l.account_id, l.inbox_id, l.channel, l.contact_id, l.contact_name, l.contact_email,
         l.contact_phone, coalesce(l.status, 'open'), l.assignee, case when l.replied or l.assigned then 'human' else 'bot' end,
         case when l.replied then l.replied_at when l.assigned then l.source_at end,
         case when l.replied then 'agent_replied' when l.assigned then 'assigned' end,
         case when l.replied or l.assigned then now() end,
         l.said, now(), case when l.incoming then clock_timestamp() end, l.source_at
    from last l
   -- One order for all writers, or two hubs could wait for each other.
   order by l.tenant, l.conversation_id
  on conflict (tenant_rut, chatwoot_conversation_id) do update
     set inbox_id = coalesce(excluded.inbox_id, c.inbox_id),
         channel = coalesce(excluded.channel, c.channel),
         chatwoot_contact_id = coalesce(excluded.chatwoot_contact_id, c.chatwoot_contact_id),
         customer_name = coalesce(excluded.customer_name, c.customer_name),
         customer_email = coalesce(excluded.customer_email, c.customer_email),
         customer_phone = coalesce(excluded.customer_phone, c.customer_phone),
         -- A payload without a status says nothing of it; the row to insert had to have one.
         status = case when excluded.source_at < c.source_at then c.status
                       else coalesce((select l.status from last l where l.tenant = c.tenant_rut
                                        and l.conversation_id = c.chatwoot_conversation_id), c.status) end,
         assignee = case when excluded.source_at < c.source_at then c.assignee else coalesce(excluded.assignee, c.assignee) end,
         source_at = greatest(c.source_at, excluded.source_at),
         -- A person who answers takes the conversation over, unless it was given back since. Whom it is assigned to says so for an
         -- unknown conversation only: Chatwoot keeps the assignee of one that was resolved or given back.
         owner = case when excluded.handoff_reason = 'agent_replied' and (excluded.owner_at < c.owner_at) is not true
                      then 'human' else c.owner end,
         handoff_reason = case when excluded.handoff_reason = 'agent_replied' and (excluded.owner_at < c.owner_at) is not true
                               then 'agent_replied' else c.handoff_reason end,
         handoff_at = case when excluded.handoff_reason = 'agent_replied' and (excluded.owner_at < c.owner_at) is not true
                            and c.owner = 'bot' then now() else c.handoff_at end,
         owner_at = case when excluded.handoff_reason = 'agent_replied' then greatest(c.owner_at, excluded.owner_at)
                         else c.owner_at end,
         message_count = c.message_count + excluded.message_count,
         last_message_at = excluded.last_message_at,
         last_incoming_at = coalesce(excluded.last_incoming_at, c.last_incoming_at),
         updated_at = now();
end $$;

-- As before, with the owner's own watermark. The hub's own decisions carry no time of Chatwoot's: they are as new as the newest that
-- is known, so that what happens in Chatwoot afterwards counts, and what happened before does not.
create or replace function hub.record_conversation_updates(p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[])
returns void
language plpgsql set search_path = '' as $$
declare
  r record;
  new_owner text;
begin
  -- Row by row: the order of several for one conversation matters, and there are few.
  for r in
    select u.tenant, x.*
      from unnest(p_tenants, p_bodies, p_records) with ordinality as u (tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as x (account_id int, conversation_id int, inbox_id int, status text, assignee text, owner text, intent text,
                 confidence numeric, low_turns int, handled_by_ai boolean, handoff_reason text, odoo_lead_id int,
                 source_at double precision, resolved boolean)
     where u.rec = 'conversation-update' and u.o <> all (p_losers) and x.conversation_id is not null
     order by u.tenant, x.conversation_id, u.o loop
    new_owner := r.owner;
    if r.resolved and coalesce((select s.bot_returns from hub.tenant_settings s where s.tenant_rut = r.tenant), 'resolved') = 'resolved' then
      new_owner := 'bot';
    end if;
    if new_owner is not null then
      -- What is older than what decided before decides nothing.
      select case when r.source_at < c.owner_at then null else new_owner end into new_owner
        from (select (select x.owner_at from public.conversations x
                       where x.tenant_rut = r.tenant and x.chatwoot_conversation_id = r.conversation_id) as owner_at) c;
    end if;
    insert into public.conversations as c (tenant_rut, chatwoot_conversation_id, chatwoot_account_id, inbox_id, status, assignee,
                                           owner, owner_at, handoff_reason, handoff_at, source_at)
    values (r.tenant, r.conversation_id, coalesce(r.account_id, 0), r.inbox_id, coalesce(r.status, 'open'), r.assignee,
            coalesce(new_owner, 'bot'), case when new_owner is not null then r.source_at end,
            case when new_owner = 'human' then r.handoff_reason end, case when new_owner = 'human' then now() end, r.source_at)
    on conflict (tenant_rut, chatwoot_conversation_id) do update
       set status = case when r.source_at < c.source_at then c.status else coalesce(r.status, c.status) end,
           assignee = case when r.source_at < c.source_at then c.assignee else coalesce(r.assignee, c.assignee) end,
           source_at = greatest(c.source_at, r.source_at),
           owner = coalesce(new_owner, c.owner),
           owner_at = case when new_owner is null then c.owner_at
                           else greatest(c.owner_at, coalesce(r.source_at, c.source_at)) end,
           intent = coalesce(r.intent, c.intent),
           confidence = coalesce(r.confidence, c.confidence),
           low_turns = case when new_owner = 'bot' and c.owner = 'human' then 0 else coalesce(r.low_turns, c.low_turns) end,
           handled_by_ai = coalesce(r.handled_by_ai, c.handled_by_ai),
           handoff_reason = case when new_owner = 'human' and c.owner = 'bot' then r.handoff_reason
                                 when new_owner = 'bot' then null else c.handoff_reason end,
           handoff_at = case when new_owner = 'human' and c.owner = 'bot' then now() when new_owner = 'bot' then null
                             else c.handoff_at end,
           odoo_lead_id = coalesce(r.odoo_lead_id, c.odoo_lead_id),
           updated_at = now();
  end loop;
end $$;

alter function hub.take_turn(int, bigint, uuid, int, text) owner to hub_log;
revoke all on function hub.take_turn(int, bigint, uuid, int, text) from public;
grant execute on function hub.take_turn(int, bigint, uuid, int, text) to hub_app;
