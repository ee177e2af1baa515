-- What an attempt sent and what it learned is noted with its outcome: one commit for many of them, instead of one for each reply and one
-- for each answer of a bot.

alter table hub.delivery add column memo text;
comment on column hub.delivery.memo is
  'What an attempt learned, for the next one. May be personal data: gone when the delivery is done or dead.';

-- As before, and with the memo.
drop function hub.claim(text, text, int, int, text[], int[], interval);
create function hub.claim(
  p_subscription text, p_node text, p_limit int, p_per_tenant int, p_busy_tenants text[], p_busy_counts int[], p_lease interval)
returns table (delivery_id bigint, token bigint, event_id uuid, tenant_rut text, event_key text, attempt int, type text,
               source text, correlation_id text, metadata text, occurred_at timestamptz, received_at timestamptz,
               content_type text, traceparent text, body bytea, replay_of bigint, memo text)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  tok bigint;
  ids bigint[];
  days uuid[];
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('hub.claim:' || p_subscription, 0));
  if not exists (select from hub.subscription s where s.name = p_subscription and not s.paused) then
    return;
  end if;
  update hub.delivery d set state = 'pending', next_at = null
   where d.id in (select r.id from hub.delivery r
                   where r.subscription = p_subscription and r.state = 'retry' and r.next_at <= now()
                   order by r.next_at limit 1000);
  tok := nextval('hub.lease_token');
  with recursive waiting as (
    (select d.tenant_rut as t from hub.delivery d
      where d.subscription = p_subscription and d.state = 'pending' order by d.tenant_rut limit 1)
    union all
    select (select d.tenant_rut from hub.delivery d
             where d.subscription = p_subscription and d.state = 'pending' and d.tenant_rut > w.t
             order by d.tenant_rut limit 1)
      from waiting w where w.t is not null
  ), quota as (
    -- Twice an even share of the claim: with a hundred tenants waiting, not a hundred times the claim is read and thrown away.
    select w.t, least(p_limit, p_per_tenant - coalesce(b.n, 0), greatest(8, 2 * p_limit / count(*) over ()))::int as q
      from waiting w
      left join unnest(p_busy_tenants, p_busy_counts) as b (t, n) on b.t = w.t
     where w.t is not null
  ), free as (
    select f.id, f.rn
      from quota q
     cross join lateral (
       select c.id, row_number() over (order by c.id) as rn
         from (select d.id from hub.delivery d
                where d.subscription = p_subscription and d.state = 'pending' and d.tenant_rut = q.t
                  -- No window: however many rows of blocked keys stand in front, the keys behind them get their turn.
                  and d.event_key not in (select b.event_key from hub.delivery b
                                           where b.subscription = p_subscription and b.tenant_rut = q.t
                                             and b.state in ('leased', 'retry'))
                -- Not by the id alone: the primary key would serve that order, by way of every row that is done.
                order by d.id + 0 limit q.q) c) f
     where q.q > 0
  ), chosen as (
    select f.id from free f order by f.rn, f.id limit p_limit
  ), leased as (
    update hub.delivery d
       set state = 'leased', attempt = d.attempt + 1, lease_until = now() + p_lease, lease_token = tok, lease_owner = p_node
     where d.id in (select c.id from chosen c) and d.state = 'pending'
    returning d.id, d.event_id
  )
  select array_agg(l.id), array_agg(l.event_id order by l.event_id) into ids, days from leased l;
  if ids is null then
    return;
  end if;
  return query execute $q$
    select d.id, $2, d.event_id, d.tenant_rut, d.event_key, d.attempt, e.type, e.source, e.correlation_id, e.metadata::text,
           e.occurred_at, e.received_at, p.content_type, p.traceparent, p.body, d.replay_of, d.memo
      from hub.delivery d
      join public.events e on e.id = d.event_id and e.id between $3 and $4
      left join hub.payload p on p.event_id = d.event_id and p.event_id between $3 and $4
     where d.id = any ($1)
     order by d.id $q$ using ids, tok, days[1], days[cardinality(days)];
end $$;

-- As before; and first notes what the deliveries sent, which happened whether or not the outcome is still accepted; and keeps the memos
-- of those that come again.
create function hub.finish(
  p_node text, p_deliveries bigint[], p_tokens bigint[], p_outcomes text[], p_errors text[], p_delays bigint[],
  p_durations int[], p_versions text[],
  p_parents bigint[], p_ids uuid[], p_tenants text[], p_types text[], p_sources text[], p_keys text[],
  p_correlations text[], p_metadata text[], p_occurred timestamptz[], p_content_types text[], p_traceparents text[],
  p_bodies bytea[], p_records text[],
  p_senders bigint[], p_effect_keys text[], p_external_ids text[], p_memos text[])
returns setof bigint
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  accepted bigint[];
begin
  if p_senders <> '{}' then
    insert into hub.sent (tenant_rut, effect_key, external_id)
    select d.tenant_rut, u.effect_key, u.external_id
      from unnest(p_senders, p_effect_keys, p_external_ids) as u (sender, effect_key, external_id)
      join hub.delivery d on d.id = u.sender
     -- One order for all writers, or two hubs could wait for each other.
     order by d.tenant_rut, u.effect_key
    on conflict do nothing;
  end if;

  with input as (
    select * from unnest(p_deliveries, p_tokens, p_outcomes, p_errors, p_delays, p_durations, p_versions, p_memos)
      as u (id, tok, outcome, error, delay, duration, version, memo)
  ), upd as (
    update hub.delivery d
       set state = case i.outcome when 'released' then 'pending' when 'postponed' then 'retry' else i.outcome end,
           -- A released delivery was not tried, a postponed one had nothing to do yet.
           attempt = case when i.outcome in ('released', 'postponed') then d.attempt - 1 else d.attempt end,
           next_at = case when i.outcome in ('retry', 'postponed') then now() + i.delay * interval '1 millisecond' end,
           finished_at = case when i.outcome in ('done', 'dead') then now() end,
           last_error = case when i.outcome = 'done' then null else coalesce(i.error, d.last_error) end,
           memo = case when i.outcome in ('done', 'dead') then null else coalesce(i.memo, d.memo) end,
           route_version = i.version, lease_until = null, lease_token = null, lease_owner = null
      from input i
     where d.id = i.id and d.state = 'leased' and d.lease_token = i.tok
    returning d.id, d.attempt, i.outcome, i.error, i.duration
  ), hist as (
    insert into hub.attempt (delivery_id, attempt, outcome, error, node, duration_ms)
    select u.id, u.attempt, u.outcome, u.error, p_node, u.duration from upd u where u.outcome not in ('released', 'postponed')
    on conflict do nothing
  )
  select coalesce(array_agg(u.id), '{}') into accepted from upd u;

  if p_ids <> '{}' then
    perform hub.append(
      array_agg(e.id), array_agg(e.tenant), array_agg(e.type), array_agg(e.source), array_agg(e.k), array_agg(e.corr),
      array_agg(e.meta), array_agg(e.occ), array_agg(e.ct), array_agg(e.tp), array_agg(e.body), array_agg(e.rec),
      array_agg(null::text), array_agg(null::text), array_agg(null::bytea), interval '0')
      from (select u.* from unnest(p_parents, p_ids, p_tenants, p_types, p_sources, p_keys, p_correlations, p_metadata,
                                   p_occurred, p_content_types, p_traceparents, p_bodies, p_records) with ordinality
              as u (parent, id, tenant, type, source, k, corr, meta, occ, ct, tp, body, rec, o)
             where u.parent = any (accepted) order by u.o) e
     having count(*) > 0;
  end if;
  return query select unnest(accepted);
end $$;

-- For hubs of the version before.
create or replace function hub.finish(
  p_node text, p_deliveries bigint[], p_tokens bigint[], p_outcomes text[], p_errors text[], p_delays bigint[],
  p_durations int[], p_versions text[],
  p_parents bigint[], p_ids uuid[], p_tenants text[], p_types text[], p_sources text[], p_keys text[],
  p_correlations text[], p_metadata text[], p_occurred timestamptz[], p_content_types text[], p_traceparents text[],
  p_bodies bytea[], p_records text[])
returns setof bigint
language sql security definer set search_path = '' as $$
  select hub.finish(p_node, p_deliveries, p_tokens, p_outcomes, p_errors, p_delays, p_durations, p_versions, p_parents, p_ids, p_tenants,
    p_types, p_sources, p_keys, p_correlations, p_metadata, p_occurred, p_content_types, p_traceparents, p_bodies, p_records,
    '{}', '{}', '{}', '{}')
$$;

-- As before; a turn that begins is not read a second time from all of its conversation.
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
    return query
      with taken as (
        update public.messages x set turn_id = p_turn
         where x.chatwoot_conversation_id = p_conversation and x.turn_id is null and x.message_type = 'incoming' and not x.private
           and (p_pause_ms > 0 or x.chatwoot_message_id <= p_message)
        returning x.chatwoot_message_id as id, x.content, x.metadata
      )
      select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.id) filter (where x.content is not null),
             count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id,
             max(x.metadata ->> 'result')
        from taken x;
    return;
  end if;
  return query
    select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.chatwoot_message_id) filter (where x.content is not null),
           count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id,
           max(x.metadata ->> 'result')
      from public.messages x where x.chatwoot_conversation_id = p_conversation and x.turn_id = p_turn;
end $$;

alter function hub.claim(text, text, int, int, text[], int[], interval) owner to hub_log;
alter function hub.finish(text, bigint[], bigint[], text[], text[], bigint[], int[], text[], bigint[], uuid[], text[], text[], text[],
  text[], text[], text[], timestamptz[], text[], text[], bytea[], text[], bigint[], text[], text[], text[]) owner to hub_log;
revoke all on function hub.claim(text, text, int, int, text[], int[], interval),
  hub.finish(text, bigint[], bigint[], text[], text[], bigint[], int[], text[], bigint[], uuid[], text[], text[], text[],
  text[], text[], text[], timestamptz[], text[], text[], bytea[], text[], bigint[], text[], text[], text[]) from public;
grant execute on function hub.claim(text, text, int, int, text[], int[], interval),
  hub.finish(text, bigint[], bigint[], text[], text[], bigint[], int[], text[], bigint[], uuid[], text[], text[], text[],
  text[], text[], text[], timestamptz[], text[], text[], bytea[], text[], bigint[], text[], text[], text[]) to hub_engine;
