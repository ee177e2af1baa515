-- Subscriptions that no route declares any more, and each subscription's own limit of attempts.

-- An old node tells neither: its subscriptions keep the default limit, and their mark is that of its start.
alter table hub.subscription
  add column max_attempts int not null default 8 check (max_attempts >= 1),
  add column last_declared_at timestamptz not null default now();
comment on column hub.subscription.max_attempts is 'Attempts before a delivery is dead, as the route declares it.';
comment on column hub.subscription.last_declared_at is 'When a running node last said that a route of it declares this.';

-- Declares the subscriptions of the routes that run now. Known ones keep their paused mark.
-- updated_at moves only with what decides which events a subscription gets.
create function hub.subscribe(p_names text[], p_patterns text[], p_max_attempts int[], p_paused boolean) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into hub.subscription as s (name, pattern, max_attempts, paused)
  select n, p, m, p_paused from unnest(p_names, p_patterns, p_max_attempts) as u (n, p, m) order by n
  on conflict (name) do update
     set pattern = excluded.pattern, max_attempts = excluded.max_attempts, active = true, paused = s.paused or p_paused,
         last_declared_at = now(),
         updated_at = case when (s.pattern, s.active, s.paused) is distinct from (excluded.pattern, true, s.paused or p_paused)
                           then now() else s.updated_at end;
end $$;

-- As nodes of the version before call it.
create or replace function hub.subscribe(p_names text[], p_patterns text[], p_paused boolean) returns void
language sql security definer set search_path = '' as $$
  select hub.subscribe(
    p_names, p_patterns,
    (select array_agg(coalesce(s.max_attempts, 8) order by u.o)
       from unnest(p_names) with ordinality as u (n, o) left join hub.subscription s on s.name = u.n),
    p_paused)
$$;

-- A running node's sign of life for its subscriptions. Returns those that are active; one that is missing was retired meanwhile
-- and must be declared again.
create function hub.still_declared(p_names text[]) returns setof text
language plpgsql security definer set search_path = '' as $$
begin
  -- One row version in 20 seconds is enough, however many nodes there are; who finds a row locked leaves it to the other one.
  update hub.subscription s set last_declared_at = now()
   where s.name in (select x.name from hub.subscription x
                     where x.name = any (p_names) and x.active and x.last_declared_at < now() - interval '20 seconds'
                       for update skip locked);
  return query select s.name from hub.subscription s where s.name = any (p_names) and s.active;
end $$;

-- Ends a subscription that no route declares any more: it gets no new deliveries, and those that wait are dead. Returns how many
-- were or would be ended; at most p_limit in one call, so call it until it returns less. A route that declares it again, or a
-- backfill, goes on from there.
create function hub.retire_subscription(p_name text, p_limit int, p_dry_run boolean) returns int
language plpgsql security definer set search_path = '' as $$
declare
  s record;
  n int;
begin
  -- As a claim does: nothing is leased between the look and the end.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('hub.claim:' || p_name, 0));
  select x.last_declared_at > now() - interval '2 minutes' as declared into s
    from hub.subscription x where x.name = p_name for update;
  if not found then
    raise exception using errcode = 'HB404', message = 'unknown subscription';
  end if;
  if s.declared or exists (select from hub.delivery d where d.subscription = p_name and d.state = 'leased') then
    raise exception using errcode = 'HB409', message = 'a running node declares the subscription';
  end if;
  if p_dry_run then
    select least(p_limit, (select count(*) from hub.delivery d where d.subscription = p_name and d.state = 'pending')
                        + (select count(*) from hub.delivery d where d.subscription = p_name and d.state = 'retry')) into n;
    return n;
  end if;
  update hub.subscription x set active = false, updated_at = now() where x.name = p_name and x.active;
  with pick as materialized (
    -- Each half has an index of its own.
    select d.id from hub.delivery d where d.subscription = p_name and d.state = 'pending'
    union all
    select d.id from hub.delivery d where d.subscription = p_name and d.state = 'retry'
    limit p_limit
  )
  update hub.delivery d
     set state = 'dead', next_at = null, finished_at = now(), last_error = 'subscription retired'
    from pick where d.id = pick.id and d.state in ('pending', 'retry');
  get diagnostics n = row_count;
  return n;
end $$;

-- Takes back leases that ran out (a killed or frozen node). Database time decides. A delivery that has used up the attempts of
-- its subscription is dead: it probably takes its node down with it. p_max_attempts counts for a subscription that is unknown.
create or replace function hub.reap(p_max_attempts int) returns int
language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
declare
  n int;
begin
  with late as (
    select d.id, d.attempt, d.lease_owner,
           d.attempt >= coalesce((select s.max_attempts from hub.subscription s where s.name = d.subscription),
                                 p_max_attempts) as spent
      from hub.delivery d
     where d.state = 'leased' and d.lease_until < now()
     order by d.lease_until limit 1000 for update skip locked
  ), upd as (
    update hub.delivery d
       set state = case when l.spent then 'dead' else 'retry' end,
           next_at = case when l.spent then null else now() end,
           finished_at = case when l.spent then now() end,
           last_error = 'lease expired: the node died or stood still', lease_until = null, lease_token = null, lease_owner = null
      from late l where d.id = l.id
    returning d.id, l.attempt, l.lease_owner
  )
  insert into hub.attempt (delivery_id, attempt, outcome, error, node)
  select u.id, u.attempt, 'lease-expired', 'lease expired', coalesce(u.lease_owner, '?') from upd u
  on conflict do nothing;
  get diagnostics n = row_count;
  if n > 0 then
    perform pg_catalog.pg_notify('hub_delivery', '');
  end if;
  return n;
end $$;

alter function hub.subscribe(text[], text[], int[], boolean) owner to hub_log;
alter function hub.still_declared(text[]) owner to hub_log;
alter function hub.retire_subscription(text, int, boolean) owner to hub_log;
revoke all on function hub.subscribe(text[], text[], int[], boolean), hub.still_declared(text[]),
  hub.retire_subscription(text, int, boolean) from public;
grant execute on function hub.subscribe(text[], text[], int[], boolean), hub.still_declared(text[]) to hub_engine;
grant execute on function hub.retire_subscription(text, int, boolean) to hub_ops;
