-- A claim leases what it has chosen by its id. The index of what waits would have all of it compared with the chosen, and is taken to be
-- nearly empty whenever the statistics were made in a calm moment. The rest is as before.
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
     where d.id in (select c.id from chosen c) and d.state || '' = 'pending'
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
