-- Contact intake: one row per accepted form. Recorded by hub.append together with its event, in one commit.
create table if not exists public.contacts (
  tenant_rut           text not null,
  id                   uuid not null,
  name                 text not null,
  email                text not null,
  message              text not null,
  phone                text,
  source               text,
  domain               text,
  status               text not null default 'new' check (status in ('new', 'contacted', 'closed')),
  rut                  text,
  odoo_partner_id      int,
  odoo_lead_id         int,
  chatwoot_contact_id  int,
  clerk_user_id        text,
  synced_at            timestamptz,
  created_at           timestamptz not null default now(),
  updated_at           timestamptz not null default now(),
  -- The key carries the tenant, so that a unique check never tells of another tenant's row.
  primary key (tenant_rut, id)
);
comment on column public.contacts.id is 'The id of the event contact.received that brought this contact.';
comment on column public.contacts.domain is 'Host of the Origin that sent the form; null when the caller named itself by API key alone.';
create index contacts_tenant_email on public.contacts (tenant_rut, lower(email));
