-- The log knows nothing of contacts and conversations any more: what becomes of an event's body is one function for each kind of
-- record, and hub.record calls them. A new kind is a function and a line there; hub.append stays as it is.

-- The row of a new contact. Its id is the event's.
create function hub.record_contacts(p_ids uuid[], p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[]) returns void
language plpgsql set search_path = '' as $$
begin
  insert into public.contacts (tenant_rut, id, name, email, message, phone, source, domain)
  select u.tenant, u.id, r.name, r.email, r.message, r.phone, r.source, r.domain
    from unnest(p_ids, p_tenants, p_bodies, p_records) with ordinality as u (id, tenant, body, rec, o)
   cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
         as r (name text, email text, message text, phone text, source text, domain text)
   where u.rec = 'contacts' and u.o <> all (p_losers);
end $$;

create function hub.record_contact_updates(p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[]) returns void
language plpgsql set search_path = '' as $$
begin
  -- What a route learned about a contact, in the commit that ends its delivery. Only what is given is changed; of several
  -- for one contact the last word on each column counts.
  with input as (
    select u.tenant, r.*, u.o
      from unnest(p_tenants, p_bodies, p_records) with ordinality as u (tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as r (contact_id uuid, odoo_partner_id int, odoo_lead_id int, chatwoot_contact_id int, chatwoot_conversation_id int,
                 display_name text, phone_e164 text, rut text, company text, language text, duplicate_of uuid)
     where u.rec = 'contact-update' and u.o <> all (p_losers) and r.contact_id is not null
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
end $$;

-- Changes contacts' status. Whoever sits on the row's lock knows what the status was: the event says from what to what, and stands
-- in the contact's own row of events. What changes nothing is not recorded, nor is what names no contact of its tenant.
-- Returns a row for each input of that kind: whether it changed something, and what its event becomes then.
create function hub.record_contact_status(
  p_ids uuid[], p_tenants text[], p_bodies bytea[], p_records text[], p_correlations text[], p_losers int[])
returns table (ord int, event_id uuid, changed boolean, event_key text, correlation_id text, was text, status text)
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  change record;
begin
  for change in
    with input as (
      select u.o::int as o, u.id, u.tenant, u.rec, u.corr, u.id::text = u.corr as own_matter, r.contact_id, r.status
        from unnest(p_ids, p_tenants, p_bodies, p_records, p_correlations) with ordinality as u (id, tenant, body, rec, corr, o)
       cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb) as r (contact_id uuid, status text)
       where u.rec in ('contact-status', 'contact-update') and u.o <> all (p_losers)
    ), locked as (
      -- All contacts that this group changes, in the order of all who change contacts.
      select c.tenant_rut, c.id, c.status from public.contacts c
       where (c.tenant_rut, c.id) in (select i.tenant, i.contact_id from input i)
       order by c.tenant_rut, c.id for update
    )
    select i.o, i.id, i.tenant, i.contact_id, i.status, e.event_key, case when i.own_matter then e.correlation_id end as corr,
           coalesce(lag(i.status) over (partition by i.tenant, i.contact_id order by i.o), l.status) as was
      from input i
      left join locked l on l.tenant_rut = i.tenant and l.id = i.contact_id
      left join public.events e on e.id = l.id and e.tenant_rut = l.tenant_rut
     where i.rec = 'contact-status'
     order by i.o
  loop
    ord := change.o; event_id := change.id; event_key := change.event_key; correlation_id := change.corr;
    was := change.was; status := change.status;
    changed := change.was is not null and change.was <> change.status;
    if changed then
      update public.contacts c set status = change.status, updated_at = now()
       where c.tenant_rut = change.tenant and c.id = change.contact_id;
    end if;
    return next;
  end loop;
end $$;

-- What becomes of the bodies, by kind, in the commit of their events. Called by hub.append.
create function hub.record(p_ids uuid[], p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[]) returns void
language plpgsql set search_path = '' as $$
begin
  if 'contacts' = any (p_records) then
    perform hub.record_contacts(p_ids, p_tenants, p_bodies, p_records, p_losers);
  end if;
  if 'contact-update' = any (p_records) then
    perform hub.record_contact_updates(p_tenants, p_bodies, p_records, p_losers);
  end if;
  if p_records && array['messages', 'conversation-update'] then
    -- One order over both, or two writers could wait for each other.
    perform from public.conversations c
      where (c.tenant_rut, c.chatwoot_conversation_id) in (
              select u.tenant, (convert_from(u.body, 'UTF8')::jsonb ->> 'conversation_id')::int
                from unnest(p_tenants, p_bodies, p_records) as u (tenant, body, rec)
               where u.rec in ('messages', 'conversation-update'))
      order by c.tenant_rut, c.chatwoot_conversation_id for update;
  end if;
  if 'messages' = any (p_records) then
    perform hub.record_messages(p_ids, p_tenants, p_bodies, p_records, p_losers);
  end if;
  if 'conversation-update' = any (p_records) then
    perform hub.record_conversation_updates(p_tenants, p_bodies, p_records, p_losers);
  end if;
end $$;

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
  change record;
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

  if 'contact-status' = any (p_records) then
    for change in select * from hub.record_contact_status(p_ids, p_tenants, p_bodies, p_records, p_correlations, losers) loop
      if change.changed then
        p_keys[change.ord] := coalesce(change.event_key, p_keys[change.ord]);
        p_correlations[change.ord] := coalesce(change.correlation_id, p_correlations[change.ord]);
        p_metadata[change.ord] :=
          (p_metadata[change.ord]::jsonb || jsonb_build_object('from', change.was, 'to', change.status))::text;
        p_bodies[change.ord] := convert_to((convert_from(p_bodies[change.ord], 'UTF8')::jsonb
          || jsonb_build_object('from', change.was, 'to', change.status))::text, 'UTF8');
      else
        losers := losers || change.ord;
        return query select change.ord, change.event_id, 'unchanged';
      end if;
    end loop;
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

  if exists (select from unnest(p_records) r where r is not null) then
    perform hub.record(p_ids, p_tenants, p_bodies, p_records, losers);
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

-- Never waits: a renewal that waited for a delivery being finished, while that finish waited for another one renewed here, would be
-- ended as a deadlock. What somebody else holds is being finished or taken back; the fencing token decides in both cases.
create or replace function hub.renew(p_deliveries bigint[], p_tokens bigint[], p_lease interval) returns setof bigint
language sql security definer set search_path = '' as $$
  with ours as (
    select d.id from hub.delivery d join unnest(p_deliveries, p_tokens) as u (id, tok) on d.id = u.id
     where d.lease_token = u.tok and d.state = 'leased'
  ), free as (
    select d.id from hub.delivery d where d.id in (select o.id from ours o) and d.state = 'leased' for update skip locked
  ), renewed as (
    update hub.delivery d set lease_until = now() + p_lease
      from free f, unnest(p_deliveries, p_tokens) as u (id, tok)
     where d.id = f.id and u.id = d.id and d.lease_token = u.tok and d.state = 'leased'
  )
  select o.id from ours o
$$;

alter function hub.record_contacts(uuid[], text[], bytea[], text[], int[]) owner to hub_log;
alter function hub.record_contact_updates(text[], bytea[], text[], int[]) owner to hub_log;
alter function hub.record_contact_status(uuid[], text[], bytea[], text[], text[], int[]) owner to hub_log;
alter function hub.record(uuid[], text[], bytea[], text[], int[]) owner to hub_log;
revoke all on function hub.record_contacts(uuid[], text[], bytea[], text[], int[]),
  hub.record_contact_updates(text[], bytea[], text[], int[]),
  hub.record_contact_status(uuid[], text[], bytea[], text[], text[], int[]),
  hub.record(uuid[], text[], bytea[], text[], int[]) from public;
