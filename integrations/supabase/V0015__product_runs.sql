-- What an operator needs of the catalogue's runs: to ask for one, and to see how far it is, how it ended and how late the cache is.

alter table hub.product_sync
  add column total int,
  add column missing int not null default 0,
  add column lag_ms bigint,
  add column again_allow boolean not null default false;
comment on column hub.product_sync.total is 'Products that Odoo counted when the run began; null if it was not asked.';
comment on column hub.product_sync.missing is 'Products of the cache that the last run did not meet in Odoo.';
comment on column hub.product_sync.lag_ms is 'Longest that a change which the last complete run took in can have waited.';
comment on column hub.product_sync.again_allow is 'Whether the run that was asked for during this one may deactivate any share.';

-- For the pages of a run. A tenant that the planner has not met yet is to it one of few rows, so that for them any index that begins
-- with the tenant is as good as the primary key, and each page would read the whole catalogue. Nothing else serves this expression.
create unique index products_cache_place on public.products_cache ((tenant_rut || ''), odoo_id);

-- As before, but such that the planner puts it into the query that calls it: a page of a catalogue asks it ten thousand times.
create or replace function hub.type_matches(p_type text, p_pattern text) returns boolean
language sql immutable parallel safe as $$
  select case when pg_catalog.strpos(p_pattern, '*') operator(pg_catalog.=) 0 then p_type operator(pg_catalog.=) p_pattern
              else p_type operator(pg_catalog.~~)
                   pg_catalog.replace(pg_catalog.replace(pg_catalog.replace(p_pattern, '\', '\\'), '_', '\_'), '*', '%') end
$$;

-- Appends the request for a run; null if there is no such tenant, or it is not active.
create function hub.product_request(p_tenant text, p_mode text, p_allow boolean)
returns table (event_id uuid, asked_at timestamptz)
language plpgsql security definer set search_path = '' as $$
declare
  id uuid := hub.uuid_v7();
  t timestamptz := clock_timestamp();
begin
  if not exists (select from public.tenants x where x.rut = p_tenant and x.active) then
    return;
  end if;
  perform hub.append(
    array[id], array[p_tenant], array['product.refresh.requested'], array['admin'], array['product-sync'], array[id::text],
    array[jsonb_build_object('mode', p_mode, 'allow_deactivation', p_allow)::text], array[t], array['application/json'],
    array[null::text],
    array[convert_to(jsonb_build_object('mode', p_mode, 'allow_deactivation', p_allow)::text, 'UTF8')],
    array[null::text], array[null::text], array[null::text], array[null::bytea], interval '0');
  return query select id, t;
end $$;

-- Notes how many products a run has to read.
create function hub.product_total(p_run uuid, p_total int) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update hub.product_sync x set total = p_total, step_at = clock_timestamp()
   where x.tenant_rut = hub.app_tenant() and x.run_id = p_run and x.total is null;
end $$;

create or replace function hub.product_begin(p_event uuid, p_mode text, p_allow boolean) returns boolean
language plpgsql security definer set search_path = '' as $$
declare
  t text := hub.app_tenant();
  s hub.product_sync;
begin
  if t is null then
    raise exception using errcode = '42501', message = 'no tenant';
  end if;
  insert into hub.product_sync (tenant_rut) values (t) on conflict do nothing;
  select * into s from hub.product_sync x where x.tenant_rut = t for update;
  if s.run_id = p_event then
    return true;
  end if;
  if s.run_id is not null and s.step_at > clock_timestamp() - interval '15 minutes'
     and not exists (select from hub.delivery d
                      where d.subscription = 'product-sync-page' and d.tenant_rut = t and d.state = 'dead'
                        and d.finished_at >= s.step_at) then
    update hub.product_sync x
       set again = case when 'full' in (p_mode, x.again) then 'full' else 'incremental' end,
           again_allow = x.again_allow or p_allow
     where x.tenant_rut = t;
    return false;
  end if;
  if s.run_id is not null then
    perform hub.product_events(t, array['product.refresh.failed'], array['product-sync'],
      array[jsonb_build_object('run', s.run_id, 'mode', s.mode, 'reason', 'lost')]);
  end if;
  -- A run that is lost, or whose page nobody tries any more, leaves what was asked for during it to the one that takes its place.
  update hub.product_sync x
     set run_id = p_event,
         mode = case when x.synced_through is null or 'full' in (p_mode, x.again) then 'full' else p_mode end,
         phase = 'products', cursor = 0, since = x.synced_through - interval '10 minutes', allow = p_allow or x.again_allow,
         again = null, again_allow = false, pages = 0, seen = 0, changed = 0, deactivated = 0, gone = '{}', total = null,
         missing = 0, started_at = clock_timestamp(), step_at = clock_timestamp(), finished_at = null, outcome = null
   where x.tenant_rut = t;
  return true;
end $$;

-- Writes rows that differ from what is there, with their events; returns how many.
create or replace function hub.product_write(p_tenant text, p_rows jsonb, p_low numeric) returns int
language plpgsql set search_path = '' as $$
declare
  n int;
  told int;
begin
  with input as (
    select distinct on (r.odoo_id) r.*,
           sha256(convert_to(jsonb_build_array(r.product_tmpl_id, r.sku, r.barcode, r.name, r.description, r.price, r.stock,
                                               r.category, r.image_ref, r.is_active)::text, 'UTF8')) as hash
      from jsonb_to_recordset(p_rows)
           as r (odoo_id int, product_tmpl_id int, sku text, barcode text, name text, description text, price numeric,
                 stock numeric, category text, image_ref text, is_active boolean, write_date timestamptz)
     order by r.odoo_id
  ), fresh as (
    select i.*, c.stock as was
      from input i
      left join lateral (select x.odoo_id, x.content_hash, x.stock from public.products_cache x
                          where x.tenant_rut || '' = p_tenant and x.odoo_id = i.odoo_id limit 1) c on true
     where c.content_hash is distinct from i.hash and (c.odoo_id is not null or i.is_active)
  ), written as (
    insert into public.products_cache as c (tenant_rut, odoo_id, product_tmpl_id, sku, barcode, name, description, price, stock,
                                            category, image_ref, is_active, source_write_date, content_hash)
    select p_tenant, f.odoo_id, f.product_tmpl_id, f.sku, f.barcode, f.name, f.description, f.price, f.stock, f.category,
           f.image_ref, f.is_active, f.write_date, f.hash
      from fresh f
    on conflict (tenant_rut, odoo_id) do update
       set product_tmpl_id = excluded.product_tmpl_id, sku = excluded.sku, barcode = excluded.barcode, name = excluded.name,
           description = excluded.description, price = excluded.price, stock = excluded.stock, category = excluded.category,
           image_ref = excluded.image_ref, is_active = excluded.is_active, source_write_date = excluded.source_write_date,
           content_hash = excluded.content_hash, seq = nextval('hub.product_seq'), updated_at = now()
    returning c.odoo_id
  ), told as (
    select f.odoo_id, 'product.upserted' as type, 1 as o,
           jsonb_build_object('odoo_id', f.odoo_id, 'sku', f.sku, 'name', f.name, 'price', f.price, 'stock', f.stock,
                              'is_active', f.is_active) as body
      from fresh f
    union all
    select f.odoo_id, 'stock.low', 2,
           jsonb_build_object('odoo_id', f.odoo_id, 'sku', f.sku, 'name', f.name, 'stock', f.stock, 'threshold', p_low)
      -- What is seen for the first time crosses nothing; goods whose stock nobody keeps would all be low.
      from fresh f where f.is_active and f.stock <= p_low and f.was > p_low
  ), sent as (
    select hub.product_events(p_tenant, array_agg(d.type order by d.odoo_id, d.o),
                              array_agg('product-' || d.odoo_id order by d.odoo_id, d.o),
                              array_agg(d.body order by d.odoo_id, d.o))
      from told d having count(*) > 0
  )
  select (select count(*) from written), (select count(*) from sent) into n, told;
  return n;
end $$;

create or replace function hub.product_page(
  p_run uuid, p_phase text, p_cursor int, p_met int[], p_last boolean, p_rows jsonb)
returns text
language plpgsql security definer set search_path = '' as $$
declare
  t text := hub.app_tenant();
  s hub.product_sync;
  upto int := (select max(m) from unnest(p_met) m);
  n int;
  told int;
  active int;
  late bigint;
  why text;
begin
  select * into s from hub.product_sync x where x.tenant_rut = t for update;
  if s.run_id is distinct from p_run or s.phase <> p_phase or s.cursor <> p_cursor then
    return 'stale';
  end if;
  n := hub.product_write(t, p_rows, s.low_stock);
  if s.mode = 'full' then
    -- Whatever the cache has between two neighbours of Odoo's, Odoo has no more.
    s.gone := s.gone || array(
      select c.odoo_id from public.products_cache c
       where c.tenant_rut || '' = t and c.odoo_id > p_cursor and c.odoo_id <= case when p_last then 2147483647 else upto end
         and c.is_active and c.odoo_id <> all (p_met));
  end if;
  update hub.product_sync x
     set pages = x.pages + 1, seen = x.seen + jsonb_array_length(p_rows), changed = x.changed + n, gone = s.gone,
         step_at = clock_timestamp(),
         -- Quants that came to nothing are gone without a word: moves tell of them.
         phase = case when p_last and x.mode = 'incremental'
                      then case x.phase when 'products' then 'quants' else 'moves' end else x.phase end,
         cursor = case when p_last then 0 else upto end
   where x.tenant_rut = t returning * into s;
  if not p_last or (s.mode = 'incremental' and p_phase <> 'moves') then
    return 'next';
  end if;

  if s.mode = 'full' and s.gone <> '{}' then
    select count(*) into active from public.products_cache c where c.tenant_rut = t and c.is_active;
    if not s.allow and (s.seen = 0 or cardinality(s.gone) > greatest(10, active * s.max_deactivated)) then
      why := 'would_deactivate';
    else
      with closed as (
        update public.products_cache c
           set is_active = false, seq = nextval('hub.product_seq'), updated_at = now(), content_hash = ''
         where c.tenant_rut = t and c.odoo_id = any (s.gone) and c.is_active
        returning c.odoo_id, c.sku, c.name, c.price, c.stock
      ), sent as (
        select hub.product_events(t, array_agg('product.upserted'::text), array_agg('product-' || c.odoo_id order by c.odoo_id),
                 array_agg(jsonb_build_object('odoo_id', c.odoo_id, 'sku', c.sku, 'name', c.name, 'price', c.price,
                                              'stock', c.stock, 'is_active', false) order by c.odoo_id))
          from closed c having count(*) > 0
      )
      select (select count(*) from closed), (select count(*) from sent) into n, told;
      s.deactivated := n;
    end if;
  end if;
  if why is null then
    late := (extract(epoch from clock_timestamp() - coalesce(s.synced_through, s.started_at)) * 1000)::bigint;
  end if;
  perform hub.product_events(t, array[case when why is null then 'product.refresh.completed' else 'product.refresh.failed' end],
    array['product-sync'],
    array[jsonb_strip_nulls(jsonb_build_object('run', s.run_id, 'mode', s.mode, 'reason', why, 'pages', s.pages,
      'seen', s.seen, 'changed', s.changed, 'deactivated', s.deactivated, 'gone', cardinality(s.gone), 'lag_ms', late,
      'duration_ms', (extract(epoch from clock_timestamp() - s.started_at) * 1000)::bigint))]);
  if s.again is not null then
    perform hub.product_events(t, array['product.refresh.requested'], array['product-sync'],
      array[jsonb_build_object('mode', s.again, 'allow_deactivation', s.again_allow)]);
  end if;
  update hub.product_sync x
     set run_id = null, again = null, again_allow = false, finished_at = clock_timestamp(), deactivated = s.deactivated,
         outcome = coalesce(why, 'completed'), missing = cardinality(s.gone), gone = '{}', lag_ms = coalesce(late, x.lag_ms),
         synced_through = case when why is null then x.started_at else x.synced_through end
   where x.tenant_rut = t;
  return case when why is null then 'done' else 'failed' end;
end $$;

alter function hub.product_request(text, text, boolean) owner to hub_log;
alter function hub.product_total(uuid, int) owner to hub_log;
revoke all on function hub.product_request(text, text, boolean), hub.product_total(uuid, int) from public;
grant execute on function hub.product_request(text, text, boolean) to hub_ops;
grant execute on function hub.product_total(uuid, int) to hub_app;

-- A change was reported for the tenant in app.tenant_rut: its turn of the schedule product-refresh comes in p_seconds, unless it
-- comes sooner. However many changes are reported until then, one run reads them.
create function hub.product_soon(p_seconds int) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update hub.schedule_due d
     set next_at = clock_timestamp() + make_interval(secs => greatest(p_seconds, 0)), planned_at = clock_timestamp()
   where d.name = 'product-refresh' and d.tenant_rut = hub.app_tenant() and d.next_at > '-infinity'
     and d.next_at > clock_timestamp() + make_interval(secs => greatest(p_seconds, 0));
end $$;
alter function hub.product_soon(int) owner to hub_log;
revoke all on function hub.product_soon(int) from public;
grant execute on function hub.product_soon(int) to hub_app;
