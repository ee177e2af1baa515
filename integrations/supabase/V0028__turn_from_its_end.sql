-- A turn is gathered from its own message back to the last that was taken, not from all that was ever said: conversations last for years.
-- What came late, before one that was taken, is no part of the turn of those after it: its own event brings it. The rest is as before.
create or replace function hub.take_turn(p_conversation int, p_message bigint, p_turn uuid, p_pause_ms int, p_answers text)
returns table (verdict text, wait_ms bigint, content text, messages int, low_turns int, chatwoot_contact_id int,
               customer_name text, customer_email text, customer_phone text, odoo_lead_id int, result text)
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  c public.conversations;
  m public.messages;
  quiet interval;
  bots boolean;
  taken bigint;
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
    -- Messages that came without an id have one below zero, in no order: they look at all.
    if p_message > 0 then
      select x.chatwoot_message_id into taken from public.messages x
       where x.chatwoot_conversation_id = p_conversation and x.chatwoot_message_id < p_message and x.turn_id is not null
         and x.message_type = 'incoming'
       order by x.chatwoot_message_id desc limit 1;
    end if;
    -- Not in the condition: behind row level security an index takes nothing but plain values.
    taken := coalesce(taken, -9223372036854775808);
    return query
      with turn as (
        update public.messages x set turn_id = p_turn
         where x.chatwoot_conversation_id = p_conversation and x.turn_id is null and x.message_type = 'incoming' and not x.private
           and x.chatwoot_message_id > taken
           and (p_pause_ms > 0 or x.chatwoot_message_id <= p_message)
        returning x.chatwoot_message_id as id, x.content, x.metadata
      )
      select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.id) filter (where x.content is not null),
             count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id,
             max(x.metadata ->> 'result')
        from turn x;
    return;
  end if;
  return query
    select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.chatwoot_message_id) filter (where x.content is not null),
           count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id,
           max(x.metadata ->> 'result')
      from public.messages x where x.chatwoot_conversation_id = p_conversation and x.turn_id = p_turn;
end $$;
