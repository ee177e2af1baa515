-- The event log. See docs/adr/0002-event-log.md for the why of each table and lock.

-- Events are facts for everyone in the tenant; metadata holds no personal data. Partitioned by day: a UUIDv7 starts with its
-- time, so a range of ids is a range of time, and retention drops partitions instead of deleting rows. The partitions live in
-- schema hub, out of reach of anything that exposes schema public.
create table public.events (
  id              uuid not null,
  tenant_rut      text not null,
  type            text not null,
  source          text not null,
  event_key       text not null,
  correlation_id  text not null,
  metadata        jsonb not null default '{}',
  occurred_at     timestamptz not null,
  received_at     timestamptz not null default now(),
  primary key (id),
  -- Keys are indexed, and an index entry has room for about 2,700 bytes: refuse here what would fail later, in a claim.
  constraint events_lengths check (octet_length(event_key) <= 512 and octet_length(type) <= 255
                                   and octet_length(source) <= 255 and octet_length(correlation_id) <= 512)
) partition by range (id);
create index events_tenant_type on public.events (tenant_rut, type, received_at);
create table hub.events_default partition of public.events default;

-- The raw body of an event: personal data, short-lived.
create table hub.payload (
  event_id      uuid not null,
  tenant_rut    text not null,
  content_type  text not null,
  traceparent   text,
  body          bytea not null,
  primary key (event_id)
) partition by range (event_id);
create table hub.payload_default partition of hub.payload default;
alter table hub.payload alter column body set storage main;

-- A route's durable interest.
create table hub.subscription (
  name        text primary key,
  pattern     text not null,
  paused      boolean not null default false,
  active      boolean not null default true,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now()
);
comment on column hub.subscription.pattern is 'Event type, exact or with * for any number of characters: contact.received, contact.*, *';
comment on column hub.subscription.active is 'False when no route of the current version declares it: no new deliveries are made.';

-- One event for one subscription.
create table hub.delivery (
  id            bigint generated always as identity primary key,
  event_id      uuid not null,
  tenant_rut    text not null,
  subscription  text not null,
  event_key     text not null,
  state         text not null default 'pending' check (state in ('pending', 'leased', 'retry', 'done', 'dead')),
  attempt       int not null default 0,
  next_at       timestamptz,
  lease_until   timestamptz,
  lease_token   bigint,
  lease_owner   text,
  last_error    text,
  route_version text,
  replay_of     bigint,
  replayed_at   timestamptz,
  created_at    timestamptz not null default now(),
  finished_at   timestamptz
) with (fillfactor = 80, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_cost_delay = 1);
create index delivery_event on hub.delivery (event_id);
-- Each index below holds unfinished or dead rows only, so it stays small however long the history is.
create index delivery_pending on hub.delivery (subscription, tenant_rut, id) where state = 'pending';
create index delivery_busy on hub.delivery (subscription, tenant_rut, event_key) where state in ('leased', 'retry');
create index delivery_retry on hub.delivery (subscription, next_at) where state = 'retry';
create index delivery_leased on hub.delivery (lease_until) where state = 'leased';
create index delivery_dead on hub.delivery (subscription, tenant_rut, finished_at) where state = 'dead';
create index delivery_done on hub.delivery (finished_at) where state = 'done';

create table hub.attempt (
  delivery_id  bigint not null references hub.delivery (id) on delete cascade,
  attempt      int not null,
  outcome      text not null check (outcome in ('done', 'retry', 'dead', 'lease-expired', 'released')),
  error        text,
  node         text not null,
  duration_ms  int,
  finished_at  timestamptz not null default now(),
  primary key (delivery_id, attempt, outcome)
);

-- What a sender already delivered: the same key again gets the first answer.
create table hub.dedup (
  tenant_rut  text not null,
  scope       text not null,
  dedup_key   text not null,
  body_hash   bytea not null,
  event_id    uuid not null,
  expires_at  timestamptz not null,
  primary key (tenant_rut, scope, dedup_key),
  constraint dedup_lengths check (octet_length(scope) <= 255 and octet_length(dedup_key) <= 512)
);
create index dedup_expires on hub.dedup (expires_at);

create sequence hub.lease_token;

-- Lower bound of the ids that were made at the given time (UUIDv7, RFC 9562 section 5.7).
create function hub.uuid_floor(p_at timestamptz) returns uuid
language sql immutable strict parallel safe set search_path = '' as $$
  select (pg_catalog.lpad(pg_catalog.to_hex((extract(epoch from p_at) * 1000)::bigint), 12, '0')
          || '0000' || '0000' || '000000000000')::uuid
$$;

-- Makes the daily partitions from yesterday to p_days ahead. Called at start and by housekeeping.
-- Attaching locks the default partition for a moment. It gives up rather than wait behind a long query, because claims would
-- then wait behind it; the next round tries again, days before the partition is needed.
create function hub.ensure_partitions(p_days int default 7) returns int
language plpgsql security definer set search_path = '' set lock_timeout = '2s' as $$
declare
  d date;
  made int := 0;
  lo uuid;
  hi uuid;
  t text;
begin
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('hub.partitions', 0));
  for d in select g::date from pg_catalog.generate_series(
      (now() at time zone 'UTC')::date - 1, (now() at time zone 'UTC')::date + p_days, interval '1 day') g loop
    lo := hub.uuid_floor(d::timestamp at time zone 'UTC');
    hi := hub.uuid_floor((d + 1)::timestamp at time zone 'UTC');
    foreach t in array array['events', 'payload'] loop
      if to_regclass(format('hub.%s_%s', t, to_char(d, 'YYYYMMDD'))) is null then
        -- Rows of that day which a node with a wrong clock wrote early sit in the default partition: move them over.
        execute format('create table hub.%1$I (like %2$s including defaults including storage including constraints)',
          t || '_' || to_char(d, 'YYYYMMDD'), case t when 'events' then 'public.events' else 'hub.payload' end);
        execute format('with moved as (delete from hub.%1$I where %2$I >= %3$L and %2$I < %4$L returning *) '
          'insert into hub.%5$I select * from moved',
          t || '_default', case t when 'events' then 'id' else 'event_id' end, lo, hi, t || '_' || to_char(d, 'YYYYMMDD'));
        execute format('alter table %1$s attach partition hub.%2$I for values from (%3$L) to (%4$L)',
          case t when 'events' then 'public.events' else 'hub.payload' end, t || '_' || to_char(d, 'YYYYMMDD'), lo, hi);
        execute format('alter table hub.%I enable row level security', t || '_' || to_char(d, 'YYYYMMDD'));
        execute format('alter table hub.%I force row level security', t || '_' || to_char(d, 'YYYYMMDD'));
        execute format('create policy log on hub.%I to hub_log using (true) with check (true)',
          t || '_' || to_char(d, 'YYYYMMDD'));
        made := made + 1;
      end if;
    end loop;
  end loop;
  return made;
end $$;

create function hub.type_matches(p_type text, p_pattern text) returns boolean
language sql immutable strict parallel safe set search_path = '' as $$
  select case when position('*' in p_pattern) = 0 then p_type = p_pattern
              else p_type like replace(replace(replace(p_pattern, '\', '\\'), '_', '\_'), '*', '%') end
$$;

-- Appends a group of events of any tenants in one transaction: dedup, business row, event, payload, deliveries.
-- Returns one row for each entry that was NOT appended: outcome 'duplicate' (same key, same body: event_id is the first one's)
-- or 'conflict' (same key, other body). Arrays run in parallel; ids are UUIDv7.
create function hub.append(
  p_ids uuid[], p_tenants text[], p_types text[], p_sources text[], p_keys text[], p_correlations text[],
  p_metadata text[], p_occurred timestamptz[], p_content_types text[], p_traceparents text[], p_bodies bytea[],
  p_records text[], p_dedup_scopes text[], p_dedup_keys text[], p_dedup_hashes bytea[], p_dedup_ttl interval)
returns table (ord int, event_id uuid, outcome text)
language plpgsql security definer set search_path = '' as $$
#variable_conflict use_column
declare
  losers int[] := '{}';
  found_losers int;
  wake int;
begin
  if exists (select from unnest(p_dedup_keys) k where k is not null) then
    with input as (
      select u.o::int as o, u.id, u.tenant, u.scope, u.k, u.h
        from unnest(p_ids, p_tenants, p_dedup_scopes, p_dedup_keys, p_dedup_hashes)
             with ordinality as u (id, tenant, scope, k, h, o)
       where u.k is not null
    ), won as (
      -- One order of keys for all writers, or two hubs could wait for each other.
      insert into hub.dedup (tenant_rut, scope, dedup_key, body_hash, event_id, expires_at)
      select distinct on (i.tenant, i.scope, i.k) i.tenant, i.scope, i.k, i.h, i.id, now() + p_dedup_ttl
        from input i order by i.tenant, i.scope, i.k, i.o
      on conflict do nothing
      returning event_id
    )
    select coalesce(array_agg(i.o), '{}') into losers
      from input i where i.id not in (select w.event_id from won w);
    if losers <> '{}' then
      return query
        select u.o::int, d.event_id, case when d.body_hash = u.h then 'duplicate' else 'conflict' end
          from unnest(p_tenants, p_dedup_scopes, p_dedup_keys, p_dedup_hashes) with ordinality as u (tenant, scope, k, h, o)
          join hub.dedup d on d.tenant_rut = u.tenant and d.scope = u.scope and d.dedup_key = u.k
         where u.o::int = any (losers);
      get diagnostics found_losers = row_count;
      if found_losers <> cardinality(losers) then
        -- The first one's mark expired and was removed between the two statements. Nobody may be told that it was appended.
        raise exception using errcode = '40001', message = 'a dedup key expired meanwhile';
      end if;
    end if;
  end if;

  insert into public.events (id, tenant_rut, type, source, event_key, correlation_id, metadata, occurred_at)
  select u.id, u.tenant, u.type, u.source, u.k, u.corr, u.meta::jsonb, coalesce(u.occ, now())
    from unnest(p_ids, p_tenants, p_types, p_sources, p_keys, p_correlations, p_metadata, p_occurred)
         with ordinality as u (id, tenant, type, source, k, corr, meta, occ, o)
   where u.o <> all (losers);

  insert into hub.payload (event_id, tenant_rut, content_type, traceparent, body)
  select u.id, u.tenant, u.ct, u.tp, u.body
    from unnest(p_ids, p_tenants, p_content_types, p_traceparents, p_bodies) with ordinality as u (id, tenant, ct, tp, body, o)
   where u.o <> all (losers);

  if 'contacts' = any (p_records) then
    insert into public.contacts (tenant_rut, id, name, email, message, phone, source, domain)
    select u.tenant, u.id, r.name, r.email, r.message, r.phone, r.source, r.domain
      from unnest(p_ids, p_tenants, p_bodies, p_records) with ordinality as u (id, tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as r (name text, email text, message text, phone text, source text, domain text)
     where u.rec = 'contacts' and u.o <> all (losers);
  end if;

  with made as (
    insert into hub.delivery (event_id, tenant_rut, subscription, event_key)
    select u.id, u.tenant, s.name, u.k
      from unnest(p_ids, p_tenants, p_types, p_keys) with ordinality as u (id, tenant, type, k, o)
      join hub.subscription s on s.active and hub.type_matches(u.type, s.pattern)
     where u.o <> all (losers)
     order by u.o
    returning subscription
  )
  select count(*) into wake from made m join hub.subscription s on s.name = m.subscription and not s.paused;
  if wake > 0 then
    perform pg_catalog.pg_notify('hub_delivery', '');
  end if;
end $$;

-- Declares the subscriptions of the routes that run now. Known ones keep their paused mark.
create function hub.subscribe(p_names text[], p_patterns text[], p_paused boolean) returns void
language plpgsql security definer set search_path = '' as $$
begin
  insert into hub.subscription (name, pattern, paused)
  select n, p, p_paused from unnest(p_names, p_patterns) as u (n, p) order by n
  on conflict (name) do update
     set pattern = excluded.pattern, active = true, paused = hub.subscription.paused or p_paused, updated_at = now()
   where (hub.subscription.pattern, hub.subscription.active, hub.subscription.paused)
         is distinct from (excluded.pattern, true, hub.subscription.paused or p_paused);
end $$;

create function hub.set_paused(p_name text, p_paused boolean) returns boolean
language plpgsql security definer set search_path = '' as $$
begin
  update hub.subscription set paused = p_paused, updated_at = now() where name = p_name;
  if found and not p_paused then
    perform pg_catalog.pg_notify('hub_delivery', p_name);
  end if;
  return found;
end $$;

-- Leases up to p_limit deliveries of one subscription to a node. Claims of one subscription run one after the other (advisory
-- lock): that is what makes "never two of one key at once" exact with any number of hubs. Tenants take turns; a tenant that
-- already has p_per_tenant deliveries in flight on the calling node gets none. Rows of one key come together and in order,
-- to be run one after the other.
create function hub.claim(
  p_subscription text, p_node text, p_limit int, p_per_tenant int, p_busy_tenants text[], p_busy_counts int[], p_lease interval)
returns table (delivery_id bigint, token bigint, event_id uuid, tenant_rut text, event_key text, attempt int, type text,
               source text, correlation_id text, metadata text, occurred_at timestamptz, received_at timestamptz,
               content_type text, traceparent text, body bytea, replay_of bigint)
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  tok bigint;
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
  return query
  with recursive waiting as (
    (select d.tenant_rut as t from hub.delivery d
      where d.subscription = p_subscription and d.state = 'pending' order by d.tenant_rut limit 1)
    union all
    select (select d.tenant_rut from hub.delivery d
             where d.subscription = p_subscription and d.state = 'pending' and d.tenant_rut > w.t
             order by d.tenant_rut limit 1)
      from waiting w where w.t is not null
  ), quota as (
    select w.t, least(p_limit, p_per_tenant - coalesce(b.n, 0)) as q
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
                order by d.id limit q.q) c) f
     where q.q > 0
  ), chosen as (
    select f.id from free f order by f.rn, f.id limit p_limit
  ), leased as (
    update hub.delivery d
       set state = 'leased', attempt = d.attempt + 1, lease_until = now() + p_lease, lease_token = tok, lease_owner = p_node
     where d.id in (select c.id from chosen c) and d.state = 'pending'
    returning d.id, d.event_id, d.tenant_rut, d.event_key, d.attempt, d.replay_of
  )
  select l.id, tok, l.event_id, l.tenant_rut, l.event_key, l.attempt, e.type, e.source, e.correlation_id, e.metadata::text,
         e.occurred_at, e.received_at, p.content_type, p.traceparent, p.body, l.replay_of
    from leased l
    join public.events e on e.id = l.event_id
    left join hub.payload p on p.event_id = l.event_id
   order by l.id;
end $$;

-- Writes outcomes and the events which the routes emitted, in one commit. An outcome whose lease is no longer the caller's is
-- refused together with its events: only the ids returned were accepted. p_delays are milliseconds until the next try.
create function hub.finish(
  p_node text, p_deliveries bigint[], p_tokens bigint[], p_outcomes text[], p_errors text[], p_delays bigint[],
  p_durations int[], p_versions text[],
  p_parents bigint[], p_ids uuid[], p_tenants text[], p_types text[], p_sources text[], p_keys text[],
  p_correlations text[], p_metadata text[], p_occurred timestamptz[], p_content_types text[], p_traceparents text[],
  p_bodies bytea[], p_records text[])
returns setof bigint
language plpgsql security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
#variable_conflict use_column
declare
  accepted bigint[];
begin
  with input as (
    select * from unnest(p_deliveries, p_tokens, p_outcomes, p_errors, p_delays, p_durations, p_versions)
      as u (id, tok, outcome, error, delay, duration, version)
  ), upd as (
    update hub.delivery d
       set state = case i.outcome when 'released' then 'pending' else i.outcome end,
           -- A released delivery was not tried: a stopping hub gives it back.
           attempt = case i.outcome when 'released' then d.attempt - 1 else d.attempt end,
           next_at = case i.outcome when 'retry' then now() + i.delay * interval '1 millisecond' end,
           finished_at = case when i.outcome in ('done', 'dead') then now() end,
           last_error = case when i.outcome = 'done' then null else coalesce(i.error, d.last_error) end,
           route_version = i.version, lease_until = null, lease_token = null, lease_owner = null
      from input i
     where d.id = i.id and d.state = 'leased' and d.lease_token = i.tok
    returning d.id, d.attempt, i.outcome, i.error, i.duration
  ), hist as (
    insert into hub.attempt (delivery_id, attempt, outcome, error, node, duration_ms)
    select u.id, u.attempt, u.outcome, u.error, p_node, u.duration from upd u where u.outcome <> 'released'
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

create function hub.renew(p_deliveries bigint[], p_tokens bigint[], p_lease interval) returns setof bigint
language sql security definer set search_path = '' as $$
  update hub.delivery d set lease_until = now() + p_lease
    from unnest(p_deliveries, p_tokens) as u (id, tok)
   where d.id = u.id and d.lease_token = u.tok and d.state = 'leased'
  returning d.id
$$;

-- Takes back leases that ran out (a killed or frozen node). Database time decides. A delivery that has used up its attempts
-- is dead: it probably takes its node down with it.
create function hub.reap(p_max_attempts int) returns int
language plpgsql security definer set search_path = '' set enable_seqscan = off as $$
declare
  n int;
begin
  with late as (
    select d.id, d.attempt, d.lease_owner from hub.delivery d
     where d.state = 'leased' and d.lease_until < now()
     order by d.lease_until limit 1000 for update skip locked
  ), upd as (
    update hub.delivery d
       set state = case when l.attempt >= p_max_attempts then 'dead' else 'retry' end,
           next_at = case when l.attempt >= p_max_attempts then null else now() end,
           finished_at = case when l.attempt >= p_max_attempts then now() end,
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

-- Replay and backfill are the same act: new delivery rows for old events. An event whose payload was retired cannot run again.
-- A replay that has not ended yet is not doubled: asking again returns it.
create function hub.replay(p_delivery bigint) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  made bigint;
begin
  perform from hub.delivery d where d.id = p_delivery for update;
  select r.id into made
    from hub.delivery d join hub.delivery r on r.event_id = d.event_id and r.subscription = d.subscription
   where d.id = p_delivery and r.replay_of = p_delivery and r.state in ('pending', 'leased', 'retry')
   limit 1;
  if made is not null then
    return made;
  end if;
  with old as (
    update hub.delivery d set replayed_at = now()
     where d.id = p_delivery and d.state in ('done', 'dead')
       and exists (select from hub.payload p where p.event_id = d.event_id)
    returning d.event_id, d.tenant_rut, d.subscription, d.event_key, d.id
  )
  insert into hub.delivery (event_id, tenant_rut, subscription, event_key, replay_of)
  select o.event_id, o.tenant_rut, o.subscription, o.event_key, o.id from old o
  returning id into made;
  if made is not null then
    perform pg_catalog.pg_notify('hub_delivery', '');
  end if;
  return made;
end $$;

create function hub.replay_dead(p_subscription text, p_tenant text, p_since timestamptz, p_limit int, p_dry_run boolean)
returns int
language plpgsql security definer set search_path = '' as $$
declare
  n int;
begin
  if p_dry_run then
    select count(*) into n from hub.delivery d
     where d.state = 'dead' and d.replayed_at is null and d.finished_at >= p_since
       and (p_subscription is null or d.subscription = p_subscription) and (p_tenant is null or d.tenant_rut = p_tenant)
       and exists (select from hub.payload p where p.event_id = d.event_id);
    return least(n, p_limit);
  end if;
  -- A CTE of its own: as a subquery of the update it could run again for each row, and lock more rows than the limit.
  with pick as materialized (
    select x.id from hub.delivery x
     where x.state = 'dead' and x.replayed_at is null and x.finished_at >= p_since
       and (p_subscription is null or x.subscription = p_subscription)
       and (p_tenant is null or x.tenant_rut = p_tenant)
       and exists (select from hub.payload p where p.event_id = x.event_id)
     order by x.id limit p_limit for update of x
  ), old as (
    update hub.delivery d set replayed_at = now()
      from pick
     where d.id = pick.id and d.replayed_at is null
    returning d.event_id, d.tenant_rut, d.subscription, d.event_key, d.id
  )
  insert into hub.delivery (event_id, tenant_rut, subscription, event_key, replay_of)
  select o.event_id, o.tenant_rut, o.subscription, o.event_key, o.id from old o order by o.id;
  get diagnostics n = row_count;
  if n > 0 then
    perform pg_catalog.pg_notify('hub_delivery', '');
  end if;
  return n;
end $$;

create function hub.backfill(p_subscription text, p_tenant text, p_since timestamptz, p_limit int, p_dry_run boolean)
returns int
language plpgsql security definer set search_path = '' as $$
declare
  n int;
begin
  if not exists (select from hub.subscription s where s.name = p_subscription) then
    raise exception using errcode = 'HB404', message = 'unknown subscription';
  end if;
  -- Two people who press the button at once get one set of deliveries.
  perform pg_catalog.pg_advisory_xact_lock(pg_catalog.hashtextextended('hub.backfill:' || p_subscription, 0));
  with picked as (
    select e.id, e.tenant_rut, e.event_key
      from public.events e
      join hub.subscription s on s.name = p_subscription and hub.type_matches(e.type, s.pattern)
     where e.id >= hub.uuid_floor(p_since - interval '1 day') and e.received_at >= p_since
       and (p_tenant is null or e.tenant_rut = p_tenant)
       and exists (select from hub.payload p where p.event_id = e.id)
       and not exists (select from hub.delivery d where d.event_id = e.id and d.subscription = p_subscription)
     order by e.id limit p_limit
  ), made as (
    insert into hub.delivery (event_id, tenant_rut, subscription, event_key)
    select b.id, b.tenant_rut, p_subscription, b.event_key from picked b where not p_dry_run order by b.id
  )
  select count(*) into n from picked;
  if not p_dry_run and n > 0 then
    perform pg_catalog.pg_notify('hub_delivery', '');
  end if;
  return n;
end $$;

-- Unfinished and dead deliveries by subscription, tenant and state, with the age of the oldest one in seconds.
create function hub.backlog()
returns table (subscription text, tenant_rut text, state text, n bigint, oldest_s double precision)
language sql stable security definer set search_path = '' as $$
  select d.subscription, d.tenant_rut, d.state, count(*), extract(epoch from now() - min(d.created_at))::double precision
    from hub.delivery d
   where d.state in ('pending', 'leased', 'retry') or (d.state = 'dead' and d.replayed_at is null)
   group by 1, 2, 3
$$;

-- Drops what is past its time. Payloads and events go by whole days; a day that an unfinished delivery still needs stays.
-- Returns how many rows and partitions went; at most 10,000 rows of a kind go in one call, so call it until it returns less.
--
-- Dropping locks the whole table, so it comes last, in the order in which hub.append locks (events, then payload), and gives up
-- rather than wait behind a long query, because intake would then wait behind it.
create function hub.retire(p_payload interval, p_events interval, p_deliveries interval) returns int
language plpgsql security definer set search_path = '' as $$
declare
  r record;
  n int := 0;
  m int;
begin
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('hub.retire', 0)) then
    return 0;
  end if;
  delete from hub.delivery x where x.id in (
    select y.id from hub.delivery y where y.state = 'done' and y.finished_at < now() - p_deliveries
     order by y.finished_at limit 10000);
  get diagnostics n = row_count;
  delete from hub.delivery x where x.id in (
    select y.id from hub.delivery y where y.state = 'dead' and y.finished_at < now() - p_deliveries
     order by y.finished_at limit 10000);
  get diagnostics m = row_count;
  n := n + m;
  delete from hub.dedup x where (x.tenant_rut, x.scope, x.dedup_key) in (
    select y.tenant_rut, y.scope, y.dedup_key from hub.dedup y where y.expires_at < now() order by y.expires_at limit 10000);
  get diagnostics m = row_count;
  n := n + m;
  -- What a node with a wrong clock wrote has no day of its own.
  delete from hub.events_default x
   where x.id < hub.uuid_floor(now() - p_events)
     and not exists (select from hub.delivery d where d.event_id = x.id and d.state in ('pending', 'leased', 'retry'));
  get diagnostics m = row_count;
  n := n + m;
  delete from hub.payload_default x
   where x.event_id < hub.uuid_floor(now() - p_payload)
     and not exists (select from hub.delivery d where d.event_id = x.event_id and d.state in ('pending', 'leased', 'retry'));
  get diagnostics m = row_count;
  n := n + m;
  perform pg_catalog.set_config('lock_timeout', '500ms', true);
  for r in select c.relname as name, split_part(c.relname, '_', 1) as kind, to_date(split_part(c.relname, '_', 2), 'YYYYMMDD') as day
             from pg_catalog.pg_class c join pg_catalog.pg_namespace s on s.oid = c.relnamespace
            where s.nspname = 'hub' and c.relkind = 'r' and c.relname ~ '^(events|payload)_[0-9]{8}$'
            order by c.relname loop
    if (r.day + 1)::timestamp at time zone 'UTC' < now() - (case r.kind when 'events' then p_events else p_payload end)
       and not exists (select from hub.delivery x
                        where x.state in ('pending', 'leased', 'retry')
                          and x.event_id >= hub.uuid_floor(r.day::timestamp at time zone 'UTC')
                          and x.event_id < hub.uuid_floor((r.day + 1)::timestamp at time zone 'UTC')) then
      begin
        execute format('drop table hub.%I', r.name);
        n := n + 1;
      exception when lock_not_available then
        -- Somebody reads; the next round tries again.
        exit;
      end;
    end if;
  end loop;
  return n;
end $$;

-- Hand everything over to hub_log, then say who may call what.
do $$
declare
  r record;
begin
  for r in select c.oid::regclass as rel, c.relkind from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where (n.nspname = 'hub' and c.relkind in ('r', 'p') and c.relname <> 'flyway_schema_history')
               or (n.nspname = 'hub' and c.relname = 'lease_token')
               or (n.nspname = 'public' and c.relname in ('tenants', 'contacts', 'events') and c.relkind in ('r', 'p')) loop
    execute format('alter %s %s owner to hub_log', case r.relkind when 'S' then 'sequence' else 'table' end, r.rel);
  end loop;
  for r in select p.oid::regprocedure as f from pg_catalog.pg_proc p join pg_catalog.pg_namespace n on n.oid = p.pronamespace
            where n.nspname = 'hub' loop
    execute format('alter function %s owner to hub_log', r.f);
    execute format('revoke all on function %s from public', r.f);
  end loop;
end $$;
grant execute on function hub.append to hub_writer;
grant execute on function hub.claim, hub.finish, hub.renew, hub.reap, hub.subscribe, hub.backlog, hub.retire, hub.ensure_partitions
  to hub_engine;
grant execute on function hub.replay, hub.replay_dead, hub.backfill, hub.set_paused, hub.backlog to hub_ops;
grant execute on function hub.registry_changed to hub_ops;
grant execute on function hub.is_canonical_rut, hub.type_matches to hub_ops, hub_app;
select hub.ensure_partitions();
