-- Schedules: one firing in the cluster, each an event of its tenant. See docs/adr/0006-schedules.md.

-- What a route declares with schedule:name. Its events are schedule.<name>, its subscription is schedule-<name>.
create table hub.schedule (
  name              text primary key check (name ~ '^[a-z][a-z0-9]*(-[a-z0-9]+)*$' and octet_length(name) <= 54),
  timing            text not null check (timing ~ '^(cron|every) '),
  per_tenant        boolean not null,
  missed            text not null check (missed in ('once', 'skip')),
  jitter_ms         int not null check (jitter_ms >= 0),
  overlap           boolean not null,
  last_declared_at  timestamptz not null default now(),
  updated_at        timestamptz not null default now()
);
comment on column hub.schedule.timing is 'cron and five or six fields, in the time zone of each tenant; or every and milliseconds.';
comment on column hub.schedule.per_tenant is 'False: the house tenant alone.';

-- When it is whose turn.
create table hub.schedule_due (
  name           text not null references hub.schedule (name) on delete cascade,
  tenant_rut     text not null,
  time_zone      text not null,
  next_at        timestamptz not null default '-infinity',
  planned_at     timestamptz,
  last_due_at    timestamptz,
  last_fired_at  timestamptz,
  primary key (name, tenant_rut)
) with (fillfactor = 80);
comment on column hub.schedule_due.next_at is 'When it fires next, the tenant''s own delay included; -infinity: not reckoned yet.';
comment on column hub.schedule_due.planned_at is 'When next_at was reckoned.';
create index schedule_due_next on hub.schedule_due (name, next_at);

-- How far a flow has come with a tenant: the last change it has seen of another system, for example.
create table hub.watermark (
  tenant_rut  text not null,
  name        text not null check (octet_length(name) between 1 and 200),
  value       jsonb not null check (octet_length(value::text) <= 65536),
  updated_at  timestamptz not null default now(),
  primary key (tenant_rut, name)
);

-- An id of now by the database's clock (UUIDv7, RFC 9562 section 5.7).
create function hub.uuid_v7() returns uuid
language sql volatile set search_path = '' as $$
  select (substr(t.h, 1, 8) || '-' || substr(t.h, 9, 4) || '-7' || substr(gen_random_uuid()::text, 16))::uuid
    from (select lpad(to_hex((extract(epoch from clock_timestamp()) * 1000)::bigint), 12, '0') as h) t
$$;

-- Declares the schedules of the routes that run now. One whose times changed is reckoned anew, from now on.
create function hub.schedule_declare(
  p_names text[], p_timings text[], p_per_tenant boolean[], p_missed text[], p_jitter_ms int[], p_overlap boolean[])
returns void
language plpgsql security definer set search_path = '' as $$
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('hub.schedule', 0));
  update hub.schedule_due d set next_at = '-infinity'
    from unnest(p_names, p_timings, p_jitter_ms) as u (n, t, j) join hub.schedule s on s.name = u.n
   where d.name = u.n and (s.timing, s.jitter_ms) is distinct from (u.t, u.j);
  insert into hub.schedule as s (name, timing, per_tenant, missed, jitter_ms, overlap)
  select u.n, u.t, u.p, u.m, u.j, u.o
    from unnest(p_names, p_timings, p_per_tenant, p_missed, p_jitter_ms, p_overlap) as u (n, t, p, m, j, o)
  on conflict (name) do update
     set timing = excluded.timing, per_tenant = excluded.per_tenant, missed = excluded.missed,
         jitter_ms = excluded.jitter_ms, overlap = excluded.overlap, last_declared_at = now(),
         updated_at = case when (s.timing, s.per_tenant, s.missed, s.jitter_ms, s.overlap)
                                is distinct from
                                (excluded.timing, excluded.per_tenant, excluded.missed, excluded.jitter_ms, excluded.overlap)
                           then now() else s.updated_at end;
end $$;

-- A running node's sign of life for its schedules: new tenants join, inactive ones leave, a new time zone is heeded. Returns the
-- schedules that are known; one that is missing must be declared again.
create function hub.schedule_enrol(p_names text[]) returns setof text
language plpgsql security definer set search_path = '' as $$
declare
  t timestamptz := clock_timestamp();
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('hub.schedule', 0));
  update hub.schedule s set last_declared_at = now()
   where s.name = any (p_names) and s.last_declared_at < now() - interval '20 seconds';
  delete from hub.schedule_due d using hub.schedule s
   where s.name = d.name and s.name = any (p_names)
     and not exists (select from public.tenants x left join hub.tenant_settings y on y.tenant_rut = x.rut
                      where x.rut = d.tenant_rut and x.active and (s.per_tenant or coalesce(y.house, false)));
  insert into hub.schedule_due (name, tenant_rut, time_zone)
  select s.name, x.rut, coalesce(y.time_zone, 'America/Santiago')
    from hub.schedule s cross join public.tenants x left join hub.tenant_settings y on y.tenant_rut = x.rut
   where s.name = any (p_names) and x.active and hub.is_canonical_rut(x.rut) and (s.per_tenant or coalesce(y.house, false))
     and not exists (select from hub.schedule_due d where d.name = s.name and d.tenant_rut = x.rut);
  update hub.schedule_due d set time_zone = y.time_zone, next_at = '-infinity'
    from hub.tenant_settings y
   where d.name = any (p_names) and y.tenant_rut = d.tenant_rut and d.time_zone <> y.time_zone;
  -- Reckoned while the database's clock stood in the future: once it is put right, that would be too late by as much.
  update hub.schedule_due d set next_at = '-infinity'
   where d.name = any (p_names) and d.planned_at > t + interval '1 minute' and d.next_at > '-infinity';
  return query select s.name from hub.schedule s where s.name = any (p_names);
end $$;

-- What is due, at most p_limit of each schedule, with the database's time. next_at is null where it was not reckoned yet.
create function hub.schedules_due(p_names text[], p_limit int)
returns table (name text, tenant_rut text, timing text, missed text, jitter_ms int, time_zone text,
               next_at timestamptz, now_at timestamptz)
language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
#variable_conflict use_column
declare
  t timestamptz := clock_timestamp();
begin
  return query
    select s.name, d.tenant_rut, s.timing, s.missed, s.jitter_ms, d.time_zone, nullif(d.next_at, '-infinity'), t
      from hub.schedule s
     cross join lateral (select x.tenant_rut, x.time_zone, x.next_at from hub.schedule_due x
                          where x.name = s.name and x.next_at <= t order by x.next_at limit p_limit) d
     where s.name = any (p_names);
end $$;

-- Appends firings. Returns the ordinals of those that were there before. p_due is what the dedup and the event go by.
create function hub.schedule_append(
  p_names text[], p_tenants text[], p_due timestamptz[], p_overlap boolean[], p_by_hand boolean)
returns setof int
language plpgsql set search_path = '' as $$
begin
  return query
  with firing as materialized (
    select u.o, hub.uuid_v7() as id, u.n, u.t, u.due, u.overlap,
           to_char(u.due at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"') as iso
      from unnest(p_names, p_tenants, p_due, p_overlap) with ordinality as u (n, t, due, overlap, o)
  ), said as (
    select f.*, f.n || '/' || f.iso as k,
           jsonb_build_object('schedule', f.n, 'due', f.iso, 'byHand', p_by_hand)::text as what
      from firing f
  ), args as (
    select array_agg(s.id order by s.o) as ids, array_agg(s.t order by s.o) as tenants,
           array_agg('schedule.' || replace(s.n, '-', '_') order by s.o) as types,
           array_agg('schedule'::text order by s.o) as sources,
           array_agg(case when s.overlap then s.k else 'schedule-' || s.n end order by s.o) as keys,
           array_agg(s.id::text order by s.o) as correlations, array_agg(s.what order by s.o) as metadata,
           array_agg(s.due order by s.o) as occurred, array_agg('application/json'::text order by s.o) as content_types,
           array_agg(null::text order by s.o) as nothing, array_agg(convert_to(s.what, 'UTF8') order by s.o) as bodies,
           array_agg(case when not p_by_hand then 'schedule' end order by s.o) as scopes,
           array_agg(case when not p_by_hand then s.k end order by s.o) as dedup,
           array_agg(case when not p_by_hand then sha256(convert_to(s.k, 'UTF8')) end order by s.o) as hashes
      from said s
  )
  select r.ord
    from args a
   cross join lateral hub.append(
     a.ids, a.tenants, a.types, a.sources, a.keys, a.correlations, a.metadata, a.occurred, a.content_types,
     a.nothing, a.bodies, a.nothing, a.scopes, a.dedup, a.hashes, interval '7 days') r
   where a.ids is not null;
end $$;

-- Fires and moves on, in one commit. Each entry is what hub.schedules_due told (p_planned is its next_at), when it is due next,
-- and the instant that it fires for; null if it does not fire. An entry that another node was quicker with is left alone, so
-- there is one firing however many nodes ask. Returns what became of each entry that was the caller's:
--   fired      the event is appended
--   held       the firing before it has not ended (without overlap), or the subscription is paused and misses what it misses
--   duplicate  it had fired before
--   inactive   the tenant is
--   planned    nothing was to fire
create function hub.schedule_fired(
  p_names text[], p_tenants text[], p_planned timestamptz[], p_due timestamptz[], p_next timestamptz[])
returns table (ord int, outcome text)
language plpgsql security definer set search_path = ''
set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
#variable_conflict use_column
declare
  -- Each entry is looked up by its key: a batch must not read the rows of all tenants.
  t timestamptz := clock_timestamp();
  ours int[];
  outcomes text[];
  fires int[];
  twice int[];
  moved int;
begin
  with input as (
    select u.o::int as o, u.n, u.t, coalesce(u.planned, '-infinity') as planned, u.due
      from unnest(p_names, p_tenants, p_planned, p_due) with ordinality as u (n, t, planned, due, o)
  ), locked as materialized (
    -- One order for all nodes, and none waits for another: who comes second leaves the row to the first.
    select i.o, i.n, i.t, i.due
      from hub.schedule_due d join input i on d.name = i.n and d.tenant_rut = i.t and d.next_at = i.planned
     order by d.name, d.tenant_rut for update of d skip locked
  ), decided as (
    select l.o,
           case when l.due is null then 'planned'
                when not exists (select from public.tenants x where x.rut = l.t and x.active) then 'inactive'
                when s.missed = 'skip' and exists (select from hub.subscription x
                                                    where x.name = 'schedule-' || l.n and x.paused) then 'held'
                when s.overlap then 'fired'
                when exists (select from hub.delivery x where x.subscription = 'schedule-' || l.n and x.tenant_rut = l.t
                                                          and x.state = 'pending') then 'held'
                when exists (select from hub.delivery x where x.subscription = 'schedule-' || l.n and x.tenant_rut = l.t
                                                          and x.state in ('leased', 'retry')) then 'held'
                else 'fired' end as outcome
      from locked l join hub.schedule s on s.name = l.n
  )
  select coalesce(array_agg(x.o order by x.o), '{}'), coalesce(array_agg(x.outcome order by x.o), '{}')
    into ours, outcomes from decided x;
  if ours = '{}' then
    return;
  end if;

  select array_agg(u.o order by u.o) into fires from unnest(ours, outcomes) as u (o, w) where u.w = 'fired';
  if fires is not null then
    select array_agg(fires[x.i]) into twice
      from (select hub.schedule_append(
              array_agg(p_names[f] order by f), array_agg(p_tenants[f] order by f), array_agg(p_due[f] order by f),
              array_agg(s.overlap order by f), false) as i
              from unnest(fires) f join hub.schedule s on s.name = p_names[f]) x;
  end if;

  update hub.schedule_due d
     set next_at = p_next[u.o], planned_at = t,
         last_due_at = case when u.w = 'fired' then p_due[u.o] else d.last_due_at end,
         last_fired_at = case when u.w = 'fired' then t else d.last_fired_at end
    from unnest(ours, outcomes) as u (o, w)
   where d.name = p_names[u.o] and d.tenant_rut = p_tenants[u.o]
     and d.next_at = coalesce(p_planned[u.o], '-infinity');
  get diagnostics moved = row_count;
  if moved <> cardinality(ours) then
    raise exception using errcode = '40001', message = 'a schedule moved under its lock';
  end if;
  return query
    select u.o, case when u.o = any (twice) then 'duplicate' else u.w end from unnest(ours, outcomes) as u (o, w);
end $$;

-- Fires by hand, now, for one tenant or (null) for all that take part. What is planned stays planned. Returns for how many.
create function hub.schedule_run(p_name text, p_tenant text) returns int
language plpgsql security definer set search_path = '' as $$
declare
  s record;
  n int;
begin
  select x.overlap, x.last_declared_at > now() - interval '2 minutes' as declared into s
    from hub.schedule x where x.name = p_name;
  if not found then
    raise exception using errcode = 'HB404', message = 'unknown schedule';
  end if;
  if not s.declared then
    raise exception using errcode = 'HB409', message = 'no running node declares the schedule';
  end if;
  with whose as (
    update hub.schedule_due d set last_fired_at = clock_timestamp()
      from public.tenants x
     where d.name = p_name and x.rut = d.tenant_rut and x.active and (p_tenant is null or d.tenant_rut = p_tenant)
    returning d.tenant_rut
  ), made as (
    select w.tenant_rut, row_number() over (order by w.tenant_rut) as o from whose w
  ), args as (
    select count(*) as n, array_agg(p_name order by m.o) as names, array_agg(m.tenant_rut order by m.o) as tenants,
           array_agg(clock_timestamp() order by m.o) as due, array_agg(s.overlap order by m.o) as overlap
      from made m
  )
  select a.n + (select count(*) from hub.schedule_append(a.names, a.tenants, a.due, a.overlap, true)) into n from args a;
  return n;
end $$;

do $$
declare
  x text;
begin
  foreach x in array array['schedule', 'schedule_due', 'watermark'] loop
    execute format('alter table hub.%I owner to hub_log', x);
  end loop;
  for x in select p.oid::regprocedure from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'hub' and (p.proname like 'schedule%' or p.proname = 'uuid_v7') loop
    execute format('alter function %s owner to hub_log', x);
    execute format('revoke all on function %s from public', x);
  end loop;
end $$;
grant execute on function hub.schedule_declare, hub.schedule_enrol, hub.schedules_due, hub.schedule_fired to hub_engine;
grant execute on function hub.schedule_run to hub_ops;
