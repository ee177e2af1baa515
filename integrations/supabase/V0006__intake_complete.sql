-- Contact intake complete: plans and limits, what enrichment and Chatwoot know of a contact, the ledger of what was sent,
-- registered webhook senders, mail templates and suppressions.

-- Plans are limits by name; a tenant's own row in hub.tenant_settings.limits overrides single ones. A limit that is absent is none.
create table hub.plan (
  name    text primary key check (name ~ '^[a-z][a-z0-9_-]{0,31}$'),
  limits  jsonb not null default '{}' check (jsonb_typeof(limits) = 'object')
);
comment on column hub.plan.limits is
  'ip_per_minute, key_per_minute, tenant_per_minute: requests; mails_per_recipient_per_day: mails that forms cause to one address.';
insert into hub.plan (name, limits) values
  ('free',         '{"ip_per_minute":10,"key_per_minute":100,"tenant_per_minute":100,"mails_per_recipient_per_day":3}'),
  ('demo',         '{"ip_per_minute":10,"key_per_minute":100,"tenant_per_minute":100,"mails_per_recipient_per_day":3}'),
  ('starter',      '{"ip_per_minute":10,"key_per_minute":300,"tenant_per_minute":300,"mails_per_recipient_per_day":5}'),
  ('standard',     '{"ip_per_minute":20,"key_per_minute":600,"tenant_per_minute":600,"mails_per_recipient_per_day":5}'),
  ('professional', '{"ip_per_minute":20,"key_per_minute":600,"tenant_per_minute":1200,"mails_per_recipient_per_day":5}'),
  ('business',     '{"ip_per_minute":30,"key_per_minute":1200,"tenant_per_minute":3000,"mails_per_recipient_per_day":10}'),
  ('enterprise',   '{"ip_per_minute":60,"key_per_minute":6000,"tenant_per_minute":12000,"mails_per_recipient_per_day":10}'),
  ('infinite',     '{"ip_per_minute":60,"mails_per_recipient_per_day":10}'),
  ('unlimited',    '{}');
create trigger plan_changed after insert or update or delete on hub.plan
  for each statement execute function hub.registry_changed();

alter table hub.tenant_settings
  add column chatwoot_url text,
  add column chatwoot_account_id int check (chatwoot_account_id >= 1),
  add column mail_from text,
  add column mail_admin text;

alter table public.contacts
  add column display_name text,
  add column phone_e164 text,
  add column company text,
  add column language text,
  add column duplicate_of uuid,
  add column chatwoot_conversation_id int;
comment on column public.contacts.display_name is 'The name tidied up: spaces, capitals. The name as it came stays in name.';
comment on column public.contacts.duplicate_of is 'The first contact of the same tenant with the same e-mail address; null if this is the first.';
create index contacts_tenant_created on public.contacts (tenant_rut, created_at desc, id desc);

-- What was sent to a vendor that has no idempotency key of its own, so that a retry never sends twice.
create table hub.sent (
  tenant_rut   text not null,
  effect_key   text not null check (octet_length(effect_key) <= 512),
  external_id  text not null,
  sent_at      timestamptz not null default now(),
  primary key (tenant_rut, effect_key)
);
comment on column hub.sent.effect_key is 'Idempotency key of the delivery (tenant:event:subscription) and the name of the step.';
create index sent_at on hub.sent (sent_at);

-- One registered webhook sender: an unguessable id in the path, one tenant, one source. Its secrets are with the tenant's secrets.
create table hub.endpoint (
  id          text primary key check (id ~ '^[A-Za-z0-9_-]{6,64}$'),
  tenant_rut  text not null references public.tenants (rut) on update cascade on delete cascade,
  source      text not null check (source ~ '^[a-z][a-z0-9-]{1,31}$'),
  settings    jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
  demo        boolean not null default false,
  created_at  timestamptz not null default now(),
  revoked_at  timestamptz
);
comment on column hub.endpoint.settings is 'unsigned: true takes deliveries without a signature (old Chatwoot); account_id, inbox_id: what the sender must say it is.';
create trigger endpoint_changed after insert or update or delete on hub.endpoint
  for each statement execute function hub.registry_changed();

-- A tenant's own words in a mail; without a row the hub's default template serves.
create table hub.mail_template (
  tenant_rut  text not null references public.tenants (rut) on update cascade on delete cascade,
  kind        text not null check (kind in ('visitor', 'admin')),
  subject     text not null check (length(subject) between 1 and 300),
  html        text not null check (octet_length(html) <= 65536),
  plain       text check (octet_length(plain) <= 65536),
  updated_at  timestamptz not null default now(),
  primary key (tenant_rut, kind)
);

-- Addresses that bounced for good or complained: no form may cause another mail to them. The address itself is not kept.
create table hub.mail_suppression (
  tenant_rut    text not null,
  address_hash  bytea not null check (octet_length(address_hash) = 32),
  reason        text not null check (reason in ('bounced', 'complained', 'suppressed')),
  since         timestamptz not null default now(),
  primary key (tenant_rut, address_hash)
);

-- Counters of fixed windows, shared by all replicas. See docs/adr for who takes what from them.
create table hub.rate (
  bucket      text not null check (octet_length(bucket) <= 200),
  window_end  timestamptz not null,
  used        int not null,
  primary key (bucket, window_end)
);
create index rate_window on hub.rate (window_end);

-- As before, and now with contact-update.
create or replace function hub.append(
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

  if 'contact-update' = any (p_records) then
    -- What a route learned about a contact, in the commit that ends its delivery. Only what is given is changed; of several
    -- for one contact the last word on each column counts.
    with input as (
      select u.tenant, r.*, u.o
        from unnest(p_tenants, p_bodies, p_records) with ordinality as u (tenant, body, rec, o)
       cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
             as r (contact_id uuid, odoo_partner_id int, odoo_lead_id int, chatwoot_contact_id int, chatwoot_conversation_id int,
                   display_name text, phone_e164 text, rut text, company text, language text, duplicate_of uuid)
       where u.rec = 'contact-update' and u.o <> all (losers) and r.contact_id is not null
    ), locked as (
      -- One order for all who change contacts, or two hubs could wait for each other.
      select c.tenant_rut, c.id from public.contacts c
       where (c.tenant_rut, c.id) in (select i.tenant, i.contact_id from input i)
       order by c.tenant_rut, c.id for update
    ), last as (
      select i.tenant, i.contact_id,
             (array_agg(i.odoo_partner_id order by i.o desc) filter (where i.odoo_partner_id is not null))[1] as odoo_partner_id,
             (array_agg(i.odoo_lead_id order by i.o desc) filter (where i.odoo_lead_id is not null))[1] as odoo_lead_id,
             (array_agg(i.chatwoot_contact_id order by i.o desc) filter (where i.chatwoot_contact_id is not null))[1]
               as chatwoot_contact_id,
             (array_agg(i.chatwoot_conversation_id order by i.o desc) filter (where i.chatwoot_conversation_id is not null))[1]
               as chatwoot_conversation_id,
             (array_agg(i.display_name order by i.o desc) filter (where i.display_name is not null))[1] as display_name,
             (array_agg(i.phone_e164 order by i.o desc) filter (where i.phone_e164 is not null))[1] as phone_e164,
             (array_agg(i.rut order by i.o desc) filter (where i.rut is not null))[1] as rut,
             (array_agg(i.company order by i.o desc) filter (where i.company is not null))[1] as company,
             (array_agg(i.language order by i.o desc) filter (where i.language is not null))[1] as language,
             (array_agg(i.duplicate_of order by i.o desc) filter (where i.duplicate_of is not null))[1] as duplicate_of
        from input i group by i.tenant, i.contact_id
    )
    update public.contacts c
       set odoo_partner_id = coalesce(l.odoo_partner_id, c.odoo_partner_id),
           odoo_lead_id = coalesce(l.odoo_lead_id, c.odoo_lead_id),
           synced_at = case when l.odoo_partner_id is not null then now() else c.synced_at end,
           chatwoot_contact_id = coalesce(l.chatwoot_contact_id, c.chatwoot_contact_id),
           chatwoot_conversation_id = coalesce(l.chatwoot_conversation_id, c.chatwoot_conversation_id),
           display_name = coalesce(l.display_name, c.display_name),
           phone_e164 = coalesce(l.phone_e164, c.phone_e164),
           rut = coalesce(l.rut, c.rut),
           company = coalesce(l.company, c.company),
           language = coalesce(l.language, c.language),
           duplicate_of = coalesce(l.duplicate_of, c.duplicate_of),
           updated_at = now()
      from last l join locked k on k.tenant_rut = l.tenant and k.id = l.contact_id
     where c.tenant_rut = l.tenant and c.id = l.contact_id;
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


do $$
declare
  r record;
begin
  for r in select c.oid::regclass as rel from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname = 'hub' and c.relname in ('plan', 'sent', 'endpoint', 'mail_template', 'mail_suppression', 'rate') loop
    execute format('alter table %s owner to hub_log', r.rel);
  end loop;
end $$;
