-- Token buckets instead of fixed one-minute windows, see docs/adr/0004-rate-limits.md: a caller at its limit is served evenly, not for the
-- first seconds of each minute. A hub of the version before counts nothing against these and lets through what it cannot count.
drop function hub.rate_take(text[], int[], int[]);
drop function hub.rate_retire();
drop table hub.rate;

-- Nothing is promised about a bucket after a crash: without WAL and flush a take costs no more than its round trip.
create unlogged table hub.rate_bucket (
  bucket      text primary key check (octet_length(bucket) <= 200),
  per_minute  int not null,
  burst       int not null,
  tokens      double precision not null,
  granted     int not null,
  filled_at   timestamptz not null
);
comment on table hub.rate_bucket is 'Token buckets shared by all replicas';
comment on column hub.rate_bucket.per_minute is 'Tokens that flow in a minute, as the last caller knew the limit';
comment on column hub.rate_bucket.burst is 'Most tokens that the bucket holds';
comment on column hub.rate_bucket.tokens is 'What it held at filled_at, after the last take';
comment on column hub.rate_bucket.granted is 'What the last take got';
alter table hub.rate_bucket owner to hub_log;

-- Takes tokens from many buckets in one statement. For each bucket: how many of the wanted ones are granted (0 up to all), how many whole
-- ones are left, and the milliseconds until there is one again (0 if there is). However many nodes ask, the grants of any span add up to no
-- more than one burst and what flows in meanwhile. A bucket that nobody knows is full. A bucket may be named once only.
create function hub.rate_take(p_buckets text[], p_wanted int[], p_per_minute int[], p_bursts int[])
returns table (bucket text, granted int, remaining int, ms_wait int)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  t timestamptz := clock_timestamp();
begin
  return query
    with asked as (
      select u.b, greatest(u.n, 0) as n, greatest(u.l, 0) as l, greatest(u.m, 0) as m
        from unnest(p_buckets, p_wanted, p_per_minute, p_bursts) as u (b, n, l, m)
    ), taken as (
      -- One order of buckets for all nodes, or two could wait for each other.
      insert into hub.rate_bucket as r (bucket, per_minute, burst, tokens, granted, filled_at)
      select a.b, a.l, a.m, a.m - least(a.n, a.m), least(a.n, a.m), t from asked a order by a.b
      on conflict (bucket) do update set
        (tokens, granted) = (
          select f.held - g.some, g.some
            from (select least(excluded.burst::double precision,
                               r.tokens + greatest(0, extract(epoch from excluded.filled_at - r.filled_at))::double precision
                                        * excluded.per_minute / 60) as held) f,
                 -- A hair more, or a token that flowed in exactly now would be lost to rounding.
                 lateral (select least(excluded.granted, floor(f.held + 1e-6)::int) as some) g),
        per_minute = excluded.per_minute, burst = excluded.burst,
        -- Who waited for this row may come with an older time.
        filled_at = greatest(r.filled_at, excluded.filled_at)
      returning r.bucket as b, r.granted as g, greatest(r.tokens, 0) as held, r.per_minute as l
    )
    select k.b, k.g, floor(k.held + 1e-6)::int,
           case when k.held + 1e-6 >= 1 then 0
                when k.l = 0 then 60000
                else ceil((1 - k.held) * 60000 / k.l - 0.001)::int end
      from taken k;
end $$;

-- Forgets buckets that are full again, at most 10,000 in one call. Returns how many.
create function hub.rate_retire() returns int
language plpgsql security definer set search_path = '' as $$
declare
  n int;
begin
  -- A burst is never more than a minute's tokens.
  delete from hub.rate_bucket r where r.bucket in (
    select x.bucket from hub.rate_bucket x where x.filled_at < clock_timestamp() - interval '70 seconds'
     limit 10000 for update skip locked);
  get diagnostics n = row_count;
  return n;
end $$;

do $$
declare
  f text;
begin
  foreach f in array array['hub.rate_take(text[], int[], int[], int[])', 'hub.rate_retire()'] loop
    execute format('alter function %s owner to hub_log', f);
    execute format('revoke all on function %s from public', f);
  end loop;
end $$;
grant execute on function hub.rate_take, hub.rate_retire to hub_registry;
