-- Mails: who may get one, and when the account with the mail service may send the next one.

-- Mails that forms caused, by recipient, for the limit a day. The address itself is not kept.
create table hub.mail_admission (
  tenant_rut    text not null,
  effect_key    text not null check (octet_length(effect_key) <= 512),
  address_hash  bytea not null check (octet_length(address_hash) = 32),
  admitted_at   timestamptz not null default now(),
  primary key (tenant_rut, effect_key)
);
comment on column hub.mail_admission.effect_key is 'Idempotency key of the mail: a retry is not counted again.';
create index mail_admission_recipient on hub.mail_admission (tenant_rut, address_hash, admitted_at);
create index mail_admission_age on hub.mail_admission (admitted_at);

-- When the next mail of an account may leave. The key of the account is not kept, only its hash.
create table hub.mail_pace (
  key_hash  bytea primary key check (octet_length(key_hash) = 32),
  next_at   timestamptz not null
);

-- May the tenant of this connection send this mail? 'yes', or why not: 'suppressed' (the address bounced for good or complained),
-- 'recipient-limit' (p_limit mails a day were sent to it; null for none), 'sent' (only looked at for an event that is older than
-- the mail service remembers idempotency keys for). Asking again for the same mail gives the same 'yes'.
create function hub.mail_admit(p_effect_key text, p_address_hash bytea, p_limit int, p_event uuid, p_kind text) returns text
language plpgsql security definer set search_path = '' as $$
declare
  tenant text := hub.app_tenant();
  born timestamptz := to_timestamp(('x' || substr(replace(p_event::text, '-', ''), 1, 12))::bit(48)::bigint / 1000.0);
begin
  if tenant is null then
    raise exception using errcode = '42501', message = 'no tenant';
  end if;
  if exists (select from hub.mail_suppression s where s.tenant_rut = tenant and s.address_hash = p_address_hash) then
    return 'suppressed';
  end if;
  if born < now() - interval '20 hours' and exists (
       select from public.events e
        where e.tenant_rut = tenant and e.type = 'mail.sent' and e.received_at >= born
          and e.metadata ->> 'event' = p_event::text and e.metadata ->> 'kind' = p_kind) then
    return 'sent';
  end if;
  if p_limit is null then
    return 'yes';
  end if;
  -- Two mails to one address at once must not both see the last free place.
  perform pg_advisory_xact_lock(hashtextextended(tenant || encode(p_address_hash, 'hex'), 0));
  if exists (select from hub.mail_admission a where a.tenant_rut = tenant and a.effect_key = p_effect_key) then
    return 'yes';
  end if;
  if (select count(*) from hub.mail_admission a
       where a.tenant_rut = tenant and a.address_hash = p_address_hash and a.admitted_at > now() - interval '1 day') >= p_limit then
    return 'recipient-limit';
  end if;
  insert into hub.mail_admission (tenant_rut, effect_key, address_hash) values (tenant, p_effect_key, p_address_hash);
  if random() < 0.01 then
    -- Nobody asks for more than a day back, and retries end within two.
    delete from hub.mail_admission a where a.ctid in (
      select o.ctid from hub.mail_admission o where o.admitted_at < now() - interval '3 days' limit 1000 for update skip locked);
  end if;
  return 'yes';
end $$;

-- Reserves p_count slots of an account that may send p_per_second mails, and answers in how many milliseconds the first one is;
-- the others follow at that pace. Nothing is reserved when the first one is further away than p_max_wait_ms. No slot is before
-- p_not_before_ms from now: what the mail service said when it refused one. Database time decides, so that all nodes agree.
create function hub.mail_slots(
  p_key_hash bytea, p_per_second double precision, p_count int, p_not_before_ms bigint, p_max_wait_ms bigint) returns bigint
language plpgsql security definer set search_path = '' as $$
declare
  n timestamptz;
  at timestamptz;
begin
  insert into hub.mail_pace (key_hash, next_at) values (p_key_hash, now()) on conflict do nothing;
  select p.next_at into at from hub.mail_pace p where p.key_hash = p_key_hash for update;
  -- After the lock: the wait for it is time that has passed.
  n := clock_timestamp();
  at := greatest(at, n + p_not_before_ms * interval '1 millisecond');
  if at <= n + p_max_wait_ms * interval '1 millisecond' then
    update hub.mail_pace p set next_at = at + p_count / p_per_second * interval '1 second' where p.key_hash = p_key_hash;
  else
    update hub.mail_pace p set next_at = at where p.key_hash = p_key_hash and p.next_at < at;
  end if;
  return ceil(extract(epoch from at - n) * 1000)::bigint;
end $$;

do $$
declare
  r text;
begin
  foreach r in array array['hub.mail_admission', 'hub.mail_pace'] loop
    execute format('alter table %s owner to hub_log', r);
  end loop;
  foreach r in array array['hub.mail_admit(text, bytea, int, uuid, text)', 'hub.mail_slots(bytea, double precision, int, bigint, bigint)'] loop
    execute format('alter function %s owner to hub_log', r);
    execute format('revoke all on function %s from public', r);
    execute format('grant execute on function %s to hub_app', r);
  end loop;
end $$;
