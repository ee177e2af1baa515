-- Counters of requests in fixed one-minute windows of database time, see docs/adr/0004-rate-limits.md.

-- Nothing is promised about a counter after a crash: without WAL and flush a take costs no more than its round trip.
alter table hub.rate set unlogged;

-- Takes allowances from many counters in one statement. For each bucket: how many of the wanted ones are granted (0 up to all),
-- how many are used of the limit by now, and the milliseconds until the window ends. However many nodes ask, the grants of one
-- window never add up to more than the limit. A bucket may be named once only.
create function hub.rate_take(p_buckets text[], p_wanted int[], p_limits int[])
returns table (bucket text, granted int, used int, ms_left int)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  t timestamptz := clock_timestamp();
  w timestamptz := date_trunc('minute', t) + interval '1 minute';
begin
  return query
    with asked as (
      select u.b, greatest(u.n, 0) as n, greatest(u.l, 0) as l from unnest(p_buckets, p_wanted, p_limits) as u (b, n, l)
    ), counted as (
      -- One order of buckets for all nodes, or two could wait for each other.
      insert into hub.rate as r (bucket, window_end, used)
      select a.b, w, a.n from asked a order by a.b
      on conflict (bucket, window_end) do update set used = least(r.used::bigint + excluded.used, 2000000000)::int
      returning r.bucket as b, r.used as u
    )
    select a.b, greatest(0, least(a.n, a.l - (c.u - a.n))), least(c.u, a.l),
           (extract(epoch from w - t) * 1000)::int
      from asked a join counted c on c.b = a.b;
end $$;

-- Drops windows that ended, at most 10,000 in one call. Returns how many.
create function hub.rate_retire() returns int
language plpgsql security definer set search_path = '' as $$
declare
  n int;
begin
  delete from hub.rate r where (r.bucket, r.window_end) in (
    select x.bucket, x.window_end from hub.rate x where x.window_end < clock_timestamp() - interval '10 seconds'
     order by x.window_end limit 10000 for update skip locked);
  get diagnostics n = row_count;
  return n;
end $$;

do $$
declare
  f text;
begin
  foreach f in array array['hub.rate_take(text[], int[], int[])', 'hub.rate_retire()'] loop
    execute format('alter function %s owner to hub_log', f);
    execute format('revoke all on function %s from public', f);
  end loop;
end $$;
grant execute on function hub.rate_take, hub.rate_retire to hub_registry;
