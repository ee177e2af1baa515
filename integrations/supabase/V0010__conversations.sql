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
               customer_name text, customer_email text, customer_phone text, odoo_lead_id int)
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
    return query select 'taken', 0::bigint, null::text, 0, 0, null::int, null::text, null::text, null::text, null::int;
    return;
  end if;
  if c.owner = 'human' then
    return query select 'human', 0::bigint, null::text, 0, c.low_turns, c.chatwoot_contact_id, c.customer_name,
                        c.customer_email, c.customer_phone, c.odoo_lead_id;
    return;
  end if;
  if m.turn_id is null then
    quiet := clock_timestamp() - coalesce(c.last_incoming_at, m.created_at);
    if p_pause_ms > 0 and quiet < p_pause_ms * interval '1 millisecond' then
      return query select 'wait', greatest(1, p_pause_ms - (extract(epoch from quiet) * 1000)::bigint), null::text, 0,
                          c.low_turns, null::int, null::text, null::text, null::text, null::int;
      return;
    end if;
    update public.messages x set turn_id = p_turn
     where x.chatwoot_conversation_id = p_conversation and x.turn_id is null and x.message_type = 'incoming' and not x.private
       and (p_pause_ms > 0 or x.chatwoot_message_id <= p_message);
  end if;
  return query
    select 'turn', 0::bigint, string_agg(x.content, E'\n' order by x.chatwoot_message_id) filter (where x.content is not null),
           count(*)::int, c.low_turns, c.chatwoot_contact_id, c.customer_name, c.customer_email, c.customer_phone, c.odoo_lead_id
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
                 contact_name text, contact_email text, contact_phone text, status text, source_at double precision)
     where u.rec = 'messages' and u.o <> all (p_losers)
  ), said as (
    insert into public.messages (tenant_rut, chatwoot_message_id, chatwoot_conversation_id, event_id, message_type, private,
                                 sender_type, sender_id, content, attachments)
    select distinct on (i.tenant, i.message_id)
           i.tenant, i.message_id, i.conversation_id, i.id, i.message_type, coalesce(i.private, false), i.sender_type,
           i.sender_id, i.content, coalesce(i.attachments, '[]')
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
           coalesce(bool_or(s.sender_type = 'agent' and s.message_type = 'outgoing' and not s.private), false) as person
      from input i
      left join said s on s.tenant_rut = i.tenant and s.chatwoot_message_id = i.message_id
     group by i.tenant, i.conversation_id
  )
  insert into public.conversations as c (tenant_rut, chatwoot_conversation_id, chatwoot_account_id, inbox_id, channel,
      chatwoot_contact_id, customer_name, customer_email, customer_phone, status, owner, handoff_reason, handoff_at,
      message_count, last_message_at, last_incoming_at, source_at)
  select l.tenant, l.conversation_id, l.account_id, l.inbox_id, l.channel, l.contact_id, l.contact_name, l.contact_email,
         l.contact_phone, coalesce(l.status, 'open'), case when l.person then 'human' else 'bot' end,
         case when l.person then 'agent_replied' end, case when l.person then now() end,
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
         source_at = greatest(c.source_at, excluded.source_at),
         -- A person who answers takes the conversation over.
         owner = case when excluded.owner = 'human' then 'human' else c.owner end,
         handoff_reason = case when excluded.owner = 'human' and c.owner = 'bot' then excluded.handoff_reason else c.handoff_reason end,
         handoff_at = case when excluded.owner = 'human' and c.owner = 'bot' then now() else c.handoff_at end,
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
begin
  -- Row by row: the order of several for one conversation matters, and there are few.
  for r in
    select u.tenant, x.*
      from unnest(p_tenants, p_bodies, p_records) with ordinality as u (tenant, body, rec, o)
     cross join lateral jsonb_to_record(convert_from(u.body, 'UTF8')::jsonb)
           as x (account_id int, conversation_id int, inbox_id int, status text, owner text, intent text, confidence numeric,
                 low_turns int, handled_by_ai boolean, handoff_reason text, odoo_lead_id int, source_at double precision)
     where u.rec = 'conversation-update' and u.o <> all (p_losers) and x.conversation_id is not null
     order by u.tenant, x.conversation_id, u.o loop
    insert into public.conversations as c (tenant_rut, chatwoot_conversation_id, chatwoot_account_id, inbox_id, status, owner)
    values (r.tenant, r.conversation_id, coalesce(r.account_id, 0), r.inbox_id, coalesce(r.status, 'open'), coalesce(r.owner, 'bot'))
    on conflict (tenant_rut, chatwoot_conversation_id) do update
       set status = coalesce(r.status, c.status),
           source_at = greatest(c.source_at, r.source_at),
           owner = coalesce(r.owner, c.owner),
           intent = coalesce(r.intent, c.intent),
           confidence = coalesce(r.confidence, c.confidence),
           low_turns = coalesce(r.low_turns, c.low_turns),
           handled_by_ai = coalesce(r.handled_by_ai, c.handled_by_ai),
           handoff_reason = case when r.owner = 'human' and c.owner = 'bot' then r.handoff_reason
                                 when r.owner = 'bot' then null else c.handoff_reason end,
           handoff_at = case when r.owner = 'human' and c.owner = 'bot' then now() when r.owner = 'bot' then null else c.handoff_at end,
           odoo_lead_id = coalesce(r.odoo_lead_id, c.odoo_lead_id),
           updated_at = now()
     where r.source_at is null or c.source_at is null or r.source_at >= c.source_at;
  end loop;
end $$;
