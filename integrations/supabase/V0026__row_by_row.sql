-- What a claim brings and what an outcome ends cost what they are, whatever lies around them; and contacts have room for their next
-- versions.

-- Enrichment and Odoo update a contact once each: in place, they touch none of its indexes. For pages that are written from now on.
alter table public.contacts set (fillfactor = 55, autovacuum_vacuum_scale_factor = 0.05);

-- As before, but for the last query.
create or replace function hub.claim(
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
  -- Row by row: statistics are always older than what is claimed, and by them a plan may read all that lies in between.
  return query execute $q$
    with d as materialized (select * from hub.delivery x where x.id = any ($1))
    select d.id, $2, d.event_id, d.tenant_rut, d.event_key, d.attempt, e.type, e.source, e.correlation_id, e.metadata::text,
           e.occurred_at, e.received_at, p.content_type, p.traceparent, p.body, d.replay_of, d.memo
      from d
     cross join lateral (select * from public.events v where v.id = d.event_id and v.id between $3 and $4 offset 0) e
      left join lateral (select * from hub.payload b
                          where b.event_id = d.event_id and b.event_id between $3 and $4 offset 0) p on true
     order by d.id $q$ using ids, tok, days[1], days[cardinality(days)];
end $$;

-- As before, but for how the deliveries are found.
create or replace function hub.finish(
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
     -- By its id: the index of the leased would have every outcome compared with every one of them, and is taken to be nearly empty
     -- whenever the statistics were made in a calm moment.
     where d.id = i.id and d.state || '' = 'leased' and d.lease_token = i.tok
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
