-- The catalogue: what Odoo sells, for storefronts, and how far the hub has read it.

create sequence hub.product_seq;
create table public.products_cache (
  tenant_rut         text not null,
  odoo_id            int not null check (odoo_id > 0),
  product_tmpl_id    int,
  sku                text,
  barcode            text,
  name               text not null,
  description        text,
  price              numeric not null default 0,
  currency           text not null default 'CLP',
  stock              numeric not null default 0,
  category           text,
  image_ref          text,
  is_active          boolean not null default true,
  source_write_date  timestamptz,
  content_hash       bytea not null,
  seq                bigint not null default nextval('hub.product_seq'),
  created_at         timestamptz not null default now(),
  updated_at         timestamptz not null default now(),
  primary key (tenant_rut, odoo_id)
);
comment on table public.products_cache is 'Variants (product.product) as Odoo had them when last read. Costs are never asked for.';
comment on column public.products_cache.stock is 'qty_available of the tenant''s company, all its warehouses.';
comment on column public.products_cache.image_ref is 'Path of the image under the tenant''s Odoo address.';
comment on column public.products_cache.is_active is 'Sold now. What is archived, unpublished or deleted stays, inactive.';
comment on column public.products_cache.content_hash is 'SHA-256 of what a storefront can see; tells a change from a touch.';
comment on column public.products_cache.seq is 'Grows with each change, in one order within a tenant: for since=.';
create index products_cache_seq on public.products_cache (tenant_rut, seq);
create index products_cache_name on public.products_cache (tenant_rut, lower(name) text_pattern_ops) where is_active;
create index products_cache_category on public.products_cache (tenant_rut, category, odoo_id) where is_active;
create index products_cache_sku on public.products_cache (tenant_rut, sku);
create index products_cache_words on public.products_cache
  using gin (to_tsvector('spanish'::regconfig, name || ' ' || coalesce(sku, '') || ' ' || coalesce(barcode, '')));

create view public.products with (security_invoker = true) as
  select tenant_rut, odoo_id, product_tmpl_id, sku, barcode, name, description, price, currency, stock, category, image_ref,
         seq, updated_at
    from public.products_cache where is_active;

-- One row for each tenant: the run under way, and the last one.
create table hub.product_sync (
  tenant_rut         text primary key,
  run_id             uuid,
  mode               text check (mode in ('incremental', 'full')),
  phase              text check (phase in ('products', 'quants', 'moves')),
  cursor             int not null default 0,
  since              timestamptz,
  allow              boolean not null default false,
  again              text check (again in ('incremental', 'full')),
  pages              int not null default 0,
  seen               int not null default 0,
  changed            int not null default 0,
  deactivated        int not null default 0,
  gone               int[] not null default '{}',
  started_at         timestamptz,
  step_at            timestamptz,
  finished_at        timestamptz,
  synced_through     timestamptz,
  outcome            text,
  low_stock          numeric not null default 5 check (low_stock >= 0),
  max_deactivated    numeric(3, 2) not null default 0.2 check (max_deactivated between 0 and 1)
);
comment on column hub.product_sync.run_id is 'The run under way: the id of the event that asked for it; null when there is none.';
comment on column hub.product_sync.cursor is 'The highest Odoo id of the phase that is done with.';
comment on column hub.product_sync.step_at is 'Last sign of life of the run; a quarter of an hour later another may take its place.';
comment on column hub.product_sync.again is 'A run was asked for during this one.';
comment on column hub.product_sync.gone is 'Products of the cache that a full run did not meet in Odoo.';
comment on column hub.product_sync.synced_through is 'When the last complete run began: the next reads what changed since, less an overlap.';
comment on column hub.product_sync.max_deactivated is 'Share of the catalogue that may be missing in Odoo before an operator has to say so.';

-- Appends events of one tenant, in the transaction of what they tell of.
create function hub.product_events(p_tenant text, p_types text[], p_keys text[], p_bodies jsonb[]) returns void
language plpgsql set search_path = '' as $$
begin
  perform hub.append(
    array_agg(e.id), array_agg(e.tenant), array_agg(e.type), array_agg('flow.product-sync'::text), array_agg(e.k),
    array_agg(e.id::text), array_agg(e.meta), array_agg(null::timestamptz), array_agg('application/json'::text),
    array_agg(null::text), array_agg(e.body), array_agg(null::text), array_agg(null::text), array_agg(null::text),
    array_agg(null::bytea), interval '0')
    from (select hub.uuid_v7() as id, p_tenant as tenant, u.type, u.k, convert_to(u.b::text, 'UTF8') as body,
                 (case when u.type like 'product.refresh.%' then u.b else jsonb_build_object('odoo_id', u.b -> 'odoo_id') end)::text
                   as meta
            from unnest(p_types, p_keys, p_bodies) as u (type, k, b)) e
  having count(*) > 0;
end $$;

-- Begins a run for the tenant in app.tenant_rut; false if another is at work, which then is followed by one more.
create function hub.product_begin(p_event uuid, p_mode text, p_allow boolean) returns boolean
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
  if s.run_id is not null and s.step_at > clock_timestamp() - interval '15 minutes' then
    update hub.product_sync x
       set again = case when 'full' in (p_mode, x.again) then 'full' else 'incremental' end
     where x.tenant_rut = t;
    return false;
  end if;
  if s.run_id is not null then
    perform hub.product_events(t, array['product.refresh.failed'], array['product-sync'],
      array[jsonb_build_object('run', s.run_id, 'mode', s.mode, 'reason', 'lost')]);
  end if;
  update hub.product_sync x
     set run_id = p_event, mode = case when x.synced_through is null then 'full' else p_mode end, phase = 'products', cursor = 0,
         since = x.synced_through - interval '10 minutes', allow = p_allow, again = null, pages = 0, seen = 0, changed = 0,
         deactivated = 0, gone = '{}', started_at = clock_timestamp(), step_at = clock_timestamp(), finished_at = null,
         outcome = null
   where x.tenant_rut = t;
  return true;
end $$;

-- Writes rows that differ from what is there, with their events; returns how many.
create function hub.product_write(p_tenant text, p_rows jsonb, p_low numeric) returns int
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
      from input i left join public.products_cache c on c.tenant_rut = p_tenant and c.odoo_id = i.odoo_id
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
      from fresh f where f.is_active and f.stock <= p_low and (f.was is null or f.was > p_low)
  ), sent as (
    select hub.product_events(p_tenant, array_agg(d.type order by d.odoo_id, d.o),
                              array_agg('product-' || d.odoo_id order by d.odoo_id, d.o),
                              array_agg(d.body order by d.odoo_id, d.o))
      from told d having count(*) > 0
  )
  select (select count(*) from written), (select count(*) from sent) into n, told;
  return n;
end $$;

-- Takes in one page of a run and keeps the place, in one transaction. p_met are the ids of the phase that the page held,
-- p_last whether Odoo has no more. Returns next, done, failed, or stale: another has gone on from this place meanwhile.
create function hub.product_page(p_run uuid, p_phase text, p_cursor int, p_met int[], p_last boolean, p_rows jsonb)
returns text
language plpgsql security definer set search_path = '' as $$
declare
  t text := hub.app_tenant();
  s hub.product_sync;
  upto int := (select max(m) from unnest(p_met) m);
  n int;
  active int;
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
       where c.tenant_rut = t and c.is_active and c.odoo_id > p_cursor and (p_last or c.odoo_id <= upto)
         and c.odoo_id <> all (p_met));
  end if;
  update hub.product_sync x
     set pages = x.pages + 1, seen = x.seen + jsonb_array_length(p_rows), changed = x.changed + n, gone = s.gone,
         step_at = clock_timestamp(),
         phase = case when p_last and x.mode = 'incremental' then 'quants' else x.phase end,
         cursor = case when p_last then 0 else upto end
   where x.tenant_rut = t returning * into s;
  if not p_last or (s.mode = 'incremental' and p_phase = 'products') then
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
      )
      select count(*) into n from (
        select hub.product_events(t, array['product.upserted'], array['product-' || c.odoo_id],
                 array[jsonb_build_object('odoo_id', c.odoo_id, 'sku', c.sku, 'name', c.name, 'price', c.price,
                                          'stock', c.stock, 'is_active', false)])
          from closed c) x;
      s.deactivated := n;
    end if;
  end if;
  perform hub.product_events(t, array[case when why is null then 'product.refresh.completed' else 'product.refresh.failed' end],
    array['product-sync'],
    array[jsonb_strip_nulls(jsonb_build_object('run', s.run_id, 'mode', s.mode, 'reason', why, 'pages', s.pages,
      'seen', s.seen, 'changed', s.changed, 'deactivated', s.deactivated, 'gone', cardinality(s.gone),
      'duration_ms', (extract(epoch from clock_timestamp() - s.started_at) * 1000)::bigint))]);
  if s.again is not null then
    perform hub.product_events(t, array['product.refresh.requested'], array['product-sync'],
      array[jsonb_build_object('mode', s.again)]);
  end if;
  update hub.product_sync x
     set run_id = null, again = null, finished_at = clock_timestamp(), deactivated = s.deactivated, outcome = coalesce(why, 'completed'),
         gone = '{}', synced_through = case when why is null then x.started_at else x.synced_through end
   where x.tenant_rut = t;
  return case when why is null then 'done' else 'failed' end;
end $$;

alter sequence hub.product_seq owner to hub_log;
alter table public.products_cache owner to hub_log;
alter view public.products owner to hub_log;
alter table hub.product_sync owner to hub_log;
alter function hub.product_events(text, text[], text[], jsonb[]) owner to hub_log;
alter function hub.product_begin(uuid, text, boolean) owner to hub_log;
alter function hub.product_write(text, jsonb, numeric) owner to hub_log;
alter function hub.product_page(uuid, text, int, int[], boolean, jsonb) owner to hub_log;
revoke all on function hub.product_events(text, text[], text[], jsonb[]), hub.product_begin(uuid, text, boolean),
  hub.product_write(text, jsonb, numeric), hub.product_page(uuid, text, int, int[], boolean, jsonb) from public;
grant execute on function hub.product_begin(uuid, text, boolean), hub.product_page(uuid, text, int, int[], boolean, jsonb) to hub_app;
