-- The conversational loop: what was said, whose turn it is, and what an intent leads to.

create table public.conversations (
  tenant_rut               text not null,
  chatwoot_conversation_id int not null,
  chatwoot_account_id      int not null,
  inbox_id                 int,
  channel                  text,
  chatwoot_contact_id      int,
  customer_name            text,
  customer_email           text,
  customer_phone           text,
  status                   text not null default 'open' check (status in ('open', 'resolved', 'pending', 'snoozed')),
  owner                    text not null default 'bot' check (owner in ('bot', 'human')),
  intent                   text,
  confidence               numeric(3, 2) check (confidence between 0 and 1),
  low_turns                int not null default 0,
  handled_by_ai            boolean not null default false,
  handoff_reason           text,
  handoff_at               timestamptz,
  odoo_lead_id             int,
  message_count            int not null default 0,
  last_message_at          timestamptz,
  last_incoming_at         timestamptz,
  source_at                double precision,
  created_at               timestamptz not null default now(),
  updated_at               timestamptz not null default now(),
  primary key (tenant_rut, chatwoot_conversation_id)
);
comment on column public.conversations.chatwoot_conversation_id is 'Display id: unique in the tenant''s Chatwoot account, the one in its API paths.';
comment on column public.conversations.owner is 'Who answers: the bot, or people. The bot is silent while it is human.';
comment on column public.conversations.source_at is 'Chatwoot''s updated_at of what we know, epoch seconds: webhooks come in any order, and an older one changes nothing.';
comment on column public.conversations.low_turns is 'Turns in a row whose intent was below the tenant''s threshold.';
create index conversations_changed on public.conversations (tenant_rut, last_message_at desc);

create table public.messages (
  tenant_rut               text not null,
  chatwoot_message_id      bigint not null,
  chatwoot_conversation_id int not null,
  event_id                 uuid not null,
  message_type             text not null check (message_type in ('incoming', 'outgoing', 'template', 'activity')),
  private                  boolean not null default false,
  sender_type              text not null check (sender_type in ('customer', 'agent', 'bot', 'system')),
  sender_id                bigint,
  content                  text,
  attachments              jsonb not null default '[]',
  turn_id                  uuid,
  intent                   text,
  confidence               numeric(3, 2) check (confidence between 0 and 1),
  entities                 jsonb,
  metadata                 jsonb not null default '{}',
  created_at               timestamptz not null default now(),
  primary key (tenant_rut, chatwoot_message_id)
);
comment on column public.messages.turn_id is 'The event whose delivery answered this message together with its neighbours; null until then.';
comment on column public.messages.created_at is 'When the hub took it in.';
create index messages_conversation on public.messages (tenant_rut, chatwoot_conversation_id, chatwoot_message_id);

-- What an intent leads to, for one tenant; '*' as the intent is what serves when there is no row.
create table hub.intent (
  tenant_rut  text not null references public.tenants (rut) on update cascade on delete cascade,
  intent      text not null check (length(intent) between 1 and 100),
  action      text not null check (action ~ '^[a-z][a-z0-9-]{0,40}$'),
  threshold   numeric(3, 2) check (threshold between 0 and 1),
  sensitive   boolean not null default false,
  reply       text check (length(reply) <= 4000),
  lead_stage  text check (length(lead_stage) <= 100),
  primary key (tenant_rut, intent)
);
comment on column hub.intent.threshold is 'Least confidence for the action; null: the tenant''s own.';
comment on column hub.intent.sensitive is 'A person answers, however sure the bot is.';
comment on column hub.intent.reply is 'Template of the reply with {{name}} fields; null: the action''s own words, or the bot''s.';

-- For tenants that have said nothing of their own.
create table hub.intent_default (like hub.intent including defaults including constraints);
alter table hub.intent_default drop column tenant_rut, add primary key (intent);
insert into hub.intent_default (intent, action, sensitive) values
  ('*', 'answer', false),
  ('none', 'handoff', false),
  ('unknown', 'handoff', false),
  ('order', 'order-status', false),
  ('pedido_tracking', 'order-status', false),
  ('order_tracking', 'order-status', false),
  ('invoice_request', 'invoice-status', false),
  ('factura_pago', 'invoice-status', false),
  ('product_query', 'product', false),
  ('stock', 'product', false),
  ('cotizacion', 'lead', false),
  ('lead', 'lead', false),
  ('contact_update', 'contact-update', false),
  ('soporte', 'handoff', false),
  ('support', 'handoff', false),
  ('handoff', 'handoff', false),
  ('warranty_inquiry', 'handoff', false),
  ('billing', 'handoff', true),
  ('complaint', 'handoff', true),
  ('refund_request', 'handoff', true);

alter table hub.tenant_settings
  add column botpress_mode text not null default 'v12' check (botpress_mode in ('v12', 'cloud')),
  add column botpress_url text,
  add column botpress_bot_id text,
  add column botpress_user text,
  add column intent_threshold numeric(3, 2) not null default 0.6 check (intent_threshold between 0 and 1),
  add column turn_pause_ms int not null default 2000 check (turn_pause_ms between 0 and 60000),
  add column handoff_team_id int check (handoff_team_id >= 1),
  add column handoff_label text,
  add column bot_returns text not null default 'resolved' check (bot_returns in ('resolved', 'given-back'));
comment on column hub.tenant_settings.bot_returns is
  'When the bot may answer again after a handoff: once the conversation was resolved (or given back), or only when a person sets it pending.';

-- The turn that a message belongs to. Runs as the caller, under row-level security.
--   taken  another delivery answers, or answered, this message
--   human  people answer this conversation
--   wait   the customer may still be writing: ask again after wait_ms
--   turn   the messages of this turn, joined in their order; asking again for the same p_turn gives the same ones
create function hub.take_turn(p_conversation int, p_message bigint, p_turn uuid, p_pause_ms int)
returns table (verdict text, wait_ms bigint, content text, messages int, low_turns int, chatwoot_contact_id int,
               customer_name text, customer_email text, customer_phone text, odoo_lead_id int, result text)
language plpgsql set search_path = '' as $$
#variable_conflict use_column
declare
  c public.conversations;
  m public.messages;
  quiet interval;
begin
  select * into c from public.conversations x where x.chatwoot_conversation_id = p_conversation for update;
  select * into m from public.messages x where x.chatwoot_message_id = p_message;
  if m.chatwoot_message_id is null or (m.turn_id is not null and m.turn_id <> p_turn) then
    return query select 'taken', 0::bigint, null::text, 0, 0, null::int, null::text, null::text, null::text, null::int, null::text;
    return;
  end if;
  if c.owner = 'human' and (m.turn_id is null or c.handoff_reason = 'agent_replied') then
    -- What people answer is no part of a later turn of the bot. A turn that has begun goes on, unless somebody replied meanwhile.
    update public.messages x set turn_id = p_turn where x.chatwoot_message_id = p_message and x.turn_id is null;
    return query select 'human', 0::bigint, null::text, 0, c.low_turns, c.chatwoot_contact_id, c.customer_name,
                        c.customer_email, c.customer_phone, c.odoo_lead_id, null::text;
    return;
  end if;
  if m.turn_id is null then
    quiet := clock_timestamp() - coalesce(c.last_incoming_at, m.created_at);
    if p_pause_ms > 0 and quiet < p_pause_ms * interval '1 millisecond' then
      return query select 'wait', greatest(1, p_pause_ms - (extract(epoch from quiet) * 1000)::bigint), null::text, 0,
                          c.low_turns, null::int, null::text, null::text, null::text, null::int, null::text;
      return;
    end if;
    update public.messages x set turn_id = p_turn
     where x.chatwoot_conversation_id = p_conversation and x.turn_id is null and x.message_type = 'incoming' and not x.private
       and (p_pause_ms > 0 or x.chatwoot_message_id <= p_message);
  end if;
  return query
    select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.chatwoot_message_id) filter (where x.content is not null),
           count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id,
           max(x.metadata ->> 'result')
      from public.messages x where x.chatwoot_conversation_id = p_conversation and x.turn_id = p_turn;
end $$;

-- What becomes of a message: its row, and the conversation's. Called by hub.append, in the commit of the event.
create function hub.record_messages(p_ids uuid[], p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[]) returns void
language plpgsql set search_path = '' as $$
begin
  with input as (
    select u.id, u.tenant, u.o, r.*
      from unnest(p_ids, p_tenants, p_bodies, p_records) with ordinality as u (id, tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as r (account_id int, conversation_id int, inbox_id int, message_id bigint, message_type text, private boolean,
                 sender_type text, sender_id bigint, content text, attachments jsonb, channel text, contact_id int,
                 contact_name text, contact_email text, contact_phone text, status text, source_at double precision,
                 assigned_to_person boolean, blocked boolean, hub_event_id text)
     where u.rec = 'messages' and u.o <> all (p_losers)
  ), said as (
    insert into public.messages (tenant_rut, chatwoot_message_id, chatwoot_conversation_id, event_id, message_type, private,
                                 sender_type, sender_id, content, attachments, turn_id)
    select distinct on (i.tenant, i.message_id)
           i.tenant, i.message_id, i.conversation_id, i.id, i.message_type, coalesce(i.private, false), i.sender_type,
           i.sender_id, i.content, coalesce(i.attachments, '[]'),
           -- What the bot may not act on is no part of any turn.
           case when i.blocked or i.hub_event_id is not null
                  or not exists (select from hub.tenant_settings b where b.tenant_rut = i.tenant and b.botpress_bot_id is not null)
                then i.id end
      from input i order by i.tenant, i.message_id, i.o
    on conflict (tenant_rut, chatwoot_message_id) do nothing
    returning tenant_rut, chatwoot_conversation_id, chatwoot_message_id, message_type, private, sender_type
  ), last as (
    select i.tenant, i.conversation_id,
           (array_agg(i.account_id order by i.o desc))[1] as account_id,
           (array_agg(i.inbox_id order by i.o desc) filter (where i.inbox_id is not null))[1] as inbox_id,
           (array_agg(i.channel order by i.o desc) filter (where i.channel is not null))[1] as channel,
           (array_agg(i.contact_id order by i.o desc) filter (where i.contact_id is not null))[1] as contact_id,
           (array_agg(i.contact_name order by i.o desc) filter (where i.contact_name is not null))[1] as contact_name,
           (array_agg(i.contact_email order by i.o desc) filter (where i.contact_email is not null))[1] as contact_email,
           (array_agg(i.contact_phone order by i.o desc) filter (where i.contact_phone is not null))[1] as contact_phone,
           (array_agg(i.status order by i.source_at desc nulls last, i.o desc) filter (where i.status is not null))[1] as status,
           max(i.source_at) as source_at,
           count(s.*) filter (where not s.private) as said,
           coalesce(bool_or(s.message_type = 'incoming' and not s.private), false) as incoming,
           coalesce(bool_or(s.sender_type = 'agent' and s.message_type = 'outgoing' and not s.private), false) as replied,
           coalesce(bool_or(i.assigned_to_person and i.status is distinct from 'pending' and s.chatwoot_message_id is not null),
                    false) as assigned
      from input i
      left join said s on s.tenant_rut = i.tenant and s.chatwoot_message_id = i.message_id
     group by i.tenant, i.conversation_id
  )
  insert into public.conversations as c (tenant_rut, chatwoot_conversation_id, chatwoot_account_id, inbox_id, channel,
      chatwoot_contact_id, customer_name, customer_email, customer_phone, status, owner, handoff_reason, handoff_at,
      message_count, last_message_at, last_incoming_at, source_at)
  select l.tenant, l.conversation_id, l.account_id, l.inbox_id, l.channel, l.contact_id, l.contact_name, l.contact_email,
         l.contact_phone, coalesce(l.status, 'open'), case when l.replied or l.assigned then 'human' else 'bot' end,
         case when l.replied then 'agent_replied' when l.assigned then 'assigned' end,
         case when l.replied or l.assigned then now() end,
         l.said, now(), case when l.incoming then clock_timestamp() end, l.source_at
    from last l
   -- One order for all writers, or two hubs could wait for each other.
   order by l.tenant, l.conversation_id
  on conflict (tenant_rut, chatwoot_conversation_id) do update
     set inbox_id = coalesce(excluded.inbox_id, c.inbox_id),
         channel = coalesce(excluded.channel, c.channel),
         chatwoot_contact_id = coalesce(excluded.chatwoot_contact_id, c.chatwoot_contact_id),
         customer_name = coalesce(excluded.customer_name, c.customer_name),
         customer_email = coalesce(excluded.customer_email, c.customer_email),
         customer_phone = coalesce(excluded.customer_phone, c.customer_phone),
         status = case when excluded.source_at < c.source_at then c.status else excluded.status end,
         -- A person who answers takes the conversation over. Whom it is assigned to says so for an unknown conversation only:
         -- Chatwoot keeps the assignee of one that was resolved or given back.
         owner = case when excluded.handoff_reason = 'agent_replied' then 'human' else c.owner end,
         handoff_reason = case when excluded.handoff_reason = 'agent_replied' then 'agent_replied' else c.handoff_reason end,
         handoff_at = case when excluded.handoff_reason = 'agent_replied' and c.owner = 'bot' then now() else c.handoff_at end,
         message_count = c.message_count + excluded.message_count,
         last_message_at = excluded.last_message_at,
         last_incoming_at = coalesce(excluded.last_incoming_at, c.last_incoming_at),
         updated_at = now();
end $$;

-- What a route or Chatwoot said about a conversation. Only what is given is changed.
create function hub.record_conversation_updates(p_tenants text[], p_bodies bytea[], p_records text[], p_losers int[]) returns void
language plpgsql set search_path = '' as $$
declare
  r record;
  new_owner text;
begin
  -- Row by row: the order of several for one conversation matters, and there are few.
  for r in
    select u.tenant, x.*
      from unnest(p_tenants, p_bodies, p_records) with ordinality as u (tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as x (account_id int, conversation_id int, inbox_id int, status text, owner text, intent text, confidence numeric,
                 low_turns int, handled_by_ai boolean, handoff_reason text, odoo_lead_id int, source_at double precision,
                 resolved boolean)
     where u.rec = 'conversation-update' and u.o <> all (p_losers) and x.conversation_id is not null
     order by u.tenant, x.conversation_id, u.o loop
    new_owner := r.owner;
    if r.resolved and coalesce((select s.bot_returns from hub.tenant_settings s where s.tenant_rut = r.tenant), 'resolved') = 'resolved' then
      new_owner := 'bot';
    end if;
    insert into public.conversations as c (tenant_rut, chatwoot_conversation_id, chatwoot_account_id, inbox_id, status, owner,
                                           handoff_reason, handoff_at)
    values (r.tenant, r.conversation_id, coalesce(r.account_id, 0), r.inbox_id, coalesce(r.status, 'open'),
            coalesce(new_owner, 'bot'), case when new_owner = 'human' then r.handoff_reason end,
            case when new_owner = 'human' then now() end)
    on conflict (tenant_rut, chatwoot_conversation_id) do update
       set status = coalesce(r.status, c.status),
           source_at = greatest(c.source_at, r.source_at),
           owner = coalesce(new_owner, c.owner),
           intent = coalesce(r.intent, c.intent),
           confidence = coalesce(r.confidence, c.confidence),
           low_turns = case when new_owner = 'bot' and c.owner = 'human' then 0 else coalesce(r.low_turns, c.low_turns) end,
           handled_by_ai = coalesce(r.handled_by_ai, c.handled_by_ai),
           handoff_reason = case when new_owner = 'human' and c.owner = 'bot' then r.handoff_reason
                                 when new_owner = 'bot' then null else c.handoff_reason end,
           handoff_at = case when new_owner = 'human' and c.owner = 'bot' then now() when new_owner = 'bot' then null
                             else c.handoff_at end,
           odoo_lead_id = coalesce(r.odoo_lead_id, c.odoo_lead_id),
           updated_at = now()
     where r.source_at is null or c.source_at is null or r.source_at >= c.source_at;
  end loop;
end $$;

-- As before, and now with messages and conversation-update.
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
    -- Whoever sits on the row's lock knows what the status was: the event says from what to what, and stands in the contact's
    -- own row of events. What changes nothing is not recorded, nor is what names no contact of its tenant.
    for change in
      with input as (
        select u.o::int as o, u.id, u.tenant, u.rec, u.corr, u.id::text = u.corr as own_matter, r.contact_id, r.status
          from unnest(p_ids, p_tenants, p_bodies, p_records, p_correlations) with ordinality as u (id, tenant, body, rec, corr, o)
         cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb) as r (contact_id uuid, status text)
         where u.rec in ('contact-status', 'contact-update') and u.o <> all (losers)
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
      if change.was is null or change.was = change.status then
        losers := losers || change.o;
        return query select change.o, change.id, 'unchanged';
      else
        p_keys[change.o] := coalesce(change.event_key, p_keys[change.o]);
        p_correlations[change.o] := coalesce(change.corr, p_correlations[change.o]);
        p_metadata[change.o] :=
          (p_metadata[change.o]::jsonb || jsonb_build_object('from', change.was, 'to', change.status))::text;
        p_bodies[change.o] := convert_to((convert_from(p_bodies[change.o], 'UTF8')::jsonb
          || jsonb_build_object('from', change.was, 'to', change.status))::text, 'UTF8');
        update public.contacts c set status = change.status, updated_at = now()
         where c.tenant_rut = change.tenant and c.id = change.contact_id;
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
    perform hub.record_messages(p_ids, p_tenants, p_bodies, p_records, losers);
  end if;
  if 'conversation-update' = any (p_records) then
    perform hub.record_conversation_updates(p_tenants, p_bodies, p_records, losers);
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

-- As before, and now with postponed: the delivery comes again after the pause and the run counts as no attempt.
create or replace function hub.finish(
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
       set state = case i.outcome when 'released' then 'pending' when 'postponed' then 'retry' else i.outcome end,
           -- A released delivery was not tried, a postponed one had nothing to do yet.
           attempt = case when i.outcome in ('released', 'postponed') then d.attempt - 1 else d.attempt end,
           next_at = case when i.outcome in ('retry', 'postponed') then now() + i.delay * interval '1 millisecond' end,
           finished_at = case when i.outcome in ('done', 'dead') then now() end,
           last_error = case when i.outcome = 'done' then null else coalesce(i.error, d.last_error) end,
           route_version = i.version, lease_until = null, lease_token = null, lease_owner = null
      from input i
     where d.id = i.id and d.state = 'leased' and d.lease_token = i.tok
    returning d.id, d.attempt, i.outcome, i.error, i.duration
  ), hist as (
    insert into hub.attempt (delivery_id, attempt, outcome, error, node, duration_ms)
    select u.id, u.attempt, u.outcome, u.error, p_node, u.duration from upd u where u.outcome not in ('released', 'postponed')
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

do $$
declare
  r record;
begin
  for r in select c.oid::regclass as rel from pg_catalog.pg_class c join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where (n.nspname = 'hub' and c.relname in ('intent', 'intent_default'))
               or (n.nspname = 'public' and c.relname in ('conversations', 'messages')) loop
    execute format('alter table %s owner to hub_log', r.rel);
  end loop;
end $$;
alter function hub.record_messages(uuid[], text[], bytea[], text[], int[]) owner to hub_log;
alter function hub.record_conversation_updates(text[], bytea[], text[], int[]) owner to hub_log;
alter function hub.take_turn(int, bigint, uuid, int) owner to hub_log;
revoke all on function hub.record_messages(uuid[], text[], bytea[], text[], int[]),
  hub.record_conversation_updates(text[], bytea[], text[], int[]), hub.take_turn(int, bigint, uuid, int) from public;
grant execute on function hub.take_turn(int, bigint, uuid, int) to hub_app;
create trigger intent_changed after insert or update or delete on hub.intent
  for each statement execute function hub.registry_changed();
