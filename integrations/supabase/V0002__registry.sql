-- The registry: one row knows every identifier of a tenant. Secrets are not here.
do $$
begin
  if to_regclass('public.contacts') is not null
     and not exists (select from information_schema.columns
                      where table_schema = 'public' and table_name = 'contacts' and column_name = 'tenant_rut') then
    raise exception 'public.contacts exists in an older shape (no tenant_rut): rename it first, '
      'for example "alter table public.contacts rename to contacts_legacy"';
  end if;
end $$;

-- The shape of a canonical RUT. The check digit is verified by the hub, which also knows the explicit allow-list of legacy ids.
create function hub.is_canonical_rut(p text) returns boolean
language sql immutable strict parallel safe as $$
  select p ~ '^([1-9][0-9]{0,7}|00000000)-[0-9K]$'
$$;

create table if not exists public.tenants (
  id                     uuid primary key default gen_random_uuid(),
  rut                    varchar(16) not null unique,
  business_name          varchar(255) not null,
  contact_email          varchar(255),
  clerk_user_id          text,
  owner_email            text,
  services_enabled       jsonb not null default '{"crm":false,"bot":false,"erp":false,"workflows":false,"kpi":false}',
  chatwoot_inbox_id      int,
  botpress_workspace_id  text,
  odoo_company_id        int,
  n8n_project_id         text,
  metabase_dashboard_id  text,
  active                 boolean not null default true,
  created_at             timestamptz not null default now(),
  updated_at             timestamptz not null default now()
);
-- A table made by the storefront demands an owner in Clerk; the hub's tenants need none.
alter table public.tenants alter column clerk_user_id drop not null;
comment on table public.tenants is 'One company, one RUT in canonical form (76000012-4).';

-- What public.tenants lacks.
create table hub.tenant_settings (
  tenant_rut       text primary key references public.tenants (rut) on update cascade on delete cascade,
  slug             text unique check (slug ~ '^[a-z0-9][a-z0-9-]{0,62}$'),
  plan             text not null default 'free',
  limits           jsonb not null default '{}',
  house            boolean not null default false,
  time_zone        text not null default 'America/Santiago',
  odoo_url         text,
  odoo_db          text,
  odoo_user        text,
  odoo_transport   text not null default 'auto' check (odoo_transport in ('auto', 'xmlrpc', 'json2')),
  odoo_create_lead boolean not null default false,
  updated_at       timestamptz not null default now()
);
create unique index tenant_settings_one_house on hub.tenant_settings (house) where house;

create table hub.tenant_origin (
  host        text primary key check (host = lower(host)),
  tenant_rut  text not null references public.tenants (rut) on update cascade on delete cascade
);

create table hub.api_key (
  id            uuid primary key default gen_random_uuid(),
  tenant_rut    text not null references public.tenants (rut) on update cascade on delete cascade,
  name          text not null,
  key_hash      bytea not null unique check (octet_length(key_hash) = 32),
  scopes        text[] not null default '{contacts:write}',
  demo          boolean not null default false,
  created_at    timestamptz not null default now(),
  expires_at    timestamptz,
  revoked_at    timestamptz,
  last_used_at  timestamptz
);
comment on column hub.api_key.key_hash is 'SHA-256 of the key, which is 256 bits of randomness: no salt or stretching needed.';
comment on column hub.api_key.demo is 'Published key: honoured in the demo profile only.';
create index api_key_tenant on hub.api_key (tenant_rut);

create table hub.audit (
  id          bigint generated always as identity primary key,
  at          timestamptz not null default now(),
  actor       text not null,
  action      text not null,
  tenant_rut  text,
  detail      jsonb not null default '{}'
);

-- Bumped on every change of the registry, so that replicas drop their cached copy.
create function hub.registry_changed() returns trigger language plpgsql set search_path = '' as $$
begin
  perform pg_catalog.pg_notify('hub_registry', '');
  return null;
end $$;
create trigger tenants_changed after insert or update or delete on public.tenants
  for each statement execute function hub.registry_changed();
create trigger tenant_settings_changed after insert or update or delete on hub.tenant_settings
  for each statement execute function hub.registry_changed();
create trigger tenant_origin_changed after insert or update or delete on hub.tenant_origin
  for each statement execute function hub.registry_changed();
create trigger api_key_changed after insert or delete or update of scopes, expires_at, revoked_at on hub.api_key
  for each statement execute function hub.registry_changed();
