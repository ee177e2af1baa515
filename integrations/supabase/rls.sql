-- Row-level security under everything. Idempotent: the hub runs this file again whenever it changes.
--
-- hub_app sees the tenant named by the transaction-local setting app.tenant_rut; without it, nothing.
-- A signed-in Supabase user (role authenticated) sees the tenant named by the claim tenant_rut in app_metadata of the JWT.
-- hub_log (owner of the log's functions), hub_registry and hub_ops are named explicitly; FORCE makes owners obey as well.
-- Read when they are made, so that no search_path changes what they mean, and put into the policies' own conditions by the planner: with
-- a body in quotes each query would call them.
create or replace function hub.app_tenant() returns text
language sql stable parallel safe
return nullif(pg_catalog.current_setting('app.tenant_rut', true), '');
create or replace function hub.jwt_tenant() returns text
language sql stable parallel safe
return nullif(nullif(pg_catalog.current_setting('request.jwt.claims', true), '')::jsonb -> 'app_metadata' ->> 'tenant_rut', '');
-- The first contact of the tenant in app.tenant_rut with an e-mail address; null if it is p_contact itself. As the caller, the
-- same query would read all contacts of the tenant: under row-level security no condition that calls lower() uses an index.
create or replace function hub.first_contact(p_email text, p_contact uuid) returns uuid
language plpgsql stable security definer set search_path = '' as $$
declare
  first uuid;
begin
  select c.id into first from public.contacts c
   where c.tenant_rut = hub.app_tenant() and lower(c.email) = lower(p_email)
   order by c.created_at, c.id limit 1;
  return nullif(first, p_contact);
end $$;
alter function hub.first_contact(text, uuid) owner to hub_log;
revoke all on function hub.first_contact(text, uuid) from public;
grant execute on function hub.first_contact(text, uuid) to hub_app;
grant execute on function hub.app_tenant() to public;
grant execute on function hub.jwt_tenant() to public;

do $$
declare
  t record;
  p record;
  supabase boolean := exists (select from pg_catalog.pg_roles where rolname = 'authenticated');
begin
  for t in select n.nspname as s, c.relname as name
             from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where c.relkind in ('r', 'p')
              and ((n.nspname = 'hub' and c.relname <> 'flyway_schema_history')
                or (n.nspname = 'public' and c.relname in ('tenants', 'contacts', 'events', 'conversations', 'messages', 'products_cache'))) loop
    execute format('alter table %I.%I enable row level security', t.s, t.name);
    execute format('alter table %I.%I force row level security', t.s, t.name);
    for p in select policyname from pg_catalog.pg_policies where schemaname = t.s and tablename = t.name loop
      execute format('drop policy %I on %I.%I', p.policyname, t.s, t.name);
    end loop;
    -- The partitions are reached through their parents only; of the named roles none may touch them but their owner.
    execute format('create policy log on %I.%I to hub_log using (true) with check (true)', t.s, t.name);
    execute format('revoke all on %I.%I from public, hub_app, hub_registry, hub_ops, hub_writer, hub_engine', t.s, t.name);
    if supabase then
      execute format('revoke all on %I.%I from anon, authenticated', t.s, t.name);
    end if;
  end loop;
end $$;

-- One tenant's view.
create policy tenant_select on public.contacts for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_update on public.contacts for update to hub_app
  using (tenant_rut = (select hub.app_tenant())) with check (tenant_rut = (select hub.app_tenant()));
create policy tenant_insert on public.contacts for insert to hub_app with check (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on public.events for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on public.tenants for select to hub_app using (rut = (select hub.app_tenant()));
create policy tenant_select on public.conversations for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_update on public.conversations for update to hub_app
  using (tenant_rut = (select hub.app_tenant())) with check (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on public.messages for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_update on public.messages for update to hub_app
  using (tenant_rut = (select hub.app_tenant())) with check (tenant_rut = (select hub.app_tenant()));
grant select, update on public.conversations, public.messages to hub_app;
create policy tenant_select on public.products_cache for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on hub.product_sync for select to hub_app using (tenant_rut = (select hub.app_tenant()));
grant select on public.products_cache, public.products, hub.product_sync to hub_app;
create policy tenant_select on hub.sent for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_insert on hub.sent for insert to hub_app with check (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on hub.mail_template for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on hub.mail_suppression for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_insert on hub.mail_suppression for insert to hub_app with check (tenant_rut = (select hub.app_tenant()));
create policy tenant_select on hub.watermark for select to hub_app using (tenant_rut = (select hub.app_tenant()));
create policy tenant_insert on hub.watermark for insert to hub_app with check (tenant_rut = (select hub.app_tenant()));
create policy tenant_update on hub.watermark for update to hub_app
  using (tenant_rut = (select hub.app_tenant())) with check (tenant_rut = (select hub.app_tenant()));
grant select, insert, update on public.contacts, hub.watermark to hub_app;
grant select, insert on hub.sent, hub.mail_suppression to hub_app;
grant select on hub.mail_template to hub_app;
grant select on public.events, public.tenants to hub_app;

-- The registry and the admin API look across tenants.
create policy registry on public.tenants for select to hub_registry using (true);
create policy registry on hub.tenant_settings for select to hub_registry using (true);
create policy registry on hub.tenant_origin for select to hub_registry using (true);
create policy registry on hub.api_key to hub_registry using (true) with check (true);
create policy registry on hub.intent for select to hub_registry using (true);
create policy registry on hub.intent_default for select to hub_registry using (true);
grant select on hub.intent, hub.intent_default to hub_registry;
create policy registry on hub.plan for select to hub_registry using (true);
create policy registry on hub.endpoint for select to hub_registry using (true);
grant select on public.tenants, hub.tenant_settings, hub.tenant_origin, hub.api_key, hub.plan, hub.endpoint to hub_registry;
grant update (last_used_at) on hub.api_key to hub_registry;

create policy ops on public.tenants to hub_ops using (true) with check (true);
create policy ops on hub.tenant_settings to hub_ops using (true) with check (true);
create policy ops on hub.tenant_origin to hub_ops using (true) with check (true);
create policy ops on hub.api_key to hub_ops using (true) with check (true);
create policy ops on hub.intent to hub_ops using (true) with check (true);
create policy ops on hub.intent_default for select to hub_ops using (true);
grant select, insert, update, delete on hub.intent to hub_ops;
grant select on hub.intent_default to hub_ops;
create policy ops on hub.plan for select to hub_ops using (true);
create policy ops on hub.endpoint to hub_ops using (true) with check (true);
create policy ops on hub.mail_template to hub_ops using (true) with check (true);
create policy ops on hub.mail_suppression to hub_ops using (true) with check (true);
create policy ops on hub.audit to hub_ops using (true) with check (true);
create policy ops on public.events for select to hub_ops using (true);
create policy ops on hub.subscription for select to hub_ops using (true);
create policy ops on hub.delivery for select to hub_ops using (true);
create policy ops on hub.attempt for select to hub_ops using (true);
create policy ops on hub.schedule for select to hub_ops using (true);
create policy ops on hub.schedule_due for select to hub_ops using (true);
grant select on hub.schedule, hub.schedule_due to hub_ops;
create policy ops on hub.product_sync for select to hub_ops using (true);
grant select on hub.product_sync to hub_ops;
grant select, insert, update on public.tenants, hub.tenant_settings, hub.api_key to hub_ops;
grant select, insert, update, delete on hub.tenant_origin, hub.mail_template to hub_ops;
grant select on hub.plan to hub_ops;
grant select, insert, update on hub.endpoint to hub_ops;
grant select, delete on hub.mail_suppression to hub_ops;
grant select, insert on hub.audit to hub_ops;
grant select on public.events, hub.subscription, hub.delivery, hub.attempt to hub_ops;

-- Storefronts and dashboards through Supabase.
do $$
begin
  if exists (select from pg_catalog.pg_roles where rolname = 'authenticated') then
    grant usage on schema hub to authenticated;
    create policy tenant_jwt on public.contacts for select to authenticated using (tenant_rut = (select hub.jwt_tenant()));
    create policy tenant_jwt on public.events for select to authenticated using (tenant_rut = (select hub.jwt_tenant()));
    create policy tenant_jwt on public.tenants for select to authenticated using (rut = (select hub.jwt_tenant()));
    create policy tenant_jwt on public.conversations for select to authenticated using (tenant_rut = (select hub.jwt_tenant()));
    create policy tenant_jwt on public.messages for select to authenticated using (tenant_rut = (select hub.jwt_tenant()));
    grant select on public.contacts, public.events, public.tenants, public.conversations, public.messages to authenticated;
  end if;
end $$;

-- The catalogue is for visitors too; whose it is, the claim says.
do $$
declare
  r text;
begin
  foreach r in array array['anon', 'authenticated'] loop
    if exists (select from pg_catalog.pg_roles where rolname = r) then
      execute format('grant usage on schema hub to %I', r);
      execute format('create policy %I on public.products_cache for select to %I using (tenant_rut = (select hub.jwt_tenant()))',
                     'tenant_jwt_' || r, r);
      execute format('grant select on public.products_cache, public.products to %I', r);
    end if;
  end loop;
end $$;
