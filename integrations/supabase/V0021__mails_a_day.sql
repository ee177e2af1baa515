-- A limit of mails a day for each tenant: tenants may share one account with the mail service, and one tenant's form must not use it up.

create index mail_admission_day on hub.mail_admission (tenant_rut, admitted_at);

update hub.plan p set limits = p.limits || jsonb_build_object('mails_per_day', d.n)
  from (values ('free', 100), ('demo', 100), ('starter', 300), ('standard', 1000), ('professional', 2000), ('business', 5000),
               ('enterprise', 20000), ('infinite', 20000)) as d (name, n)
 where p.name = d.name and not p.limits ? 'mails_per_day';
comment on column hub.plan.limits is
  'ip_per_minute, key_per_minute, tenant_per_minute: requests; mails_per_recipient_per_day: mails that forms cause to one address;'
  ' mails_per_day: mails that forms cause altogether.';

-- As before, and now with 'daily-limit' (p_limit_of_all mails a day were sent for the tenant; null for none).
drop function hub.mail_admit(text, bytea, int, uuid, text);
create function hub.mail_admit(p_effect_key text, p_address_hash bytea, p_limit int, p_limit_of_all int,
  p_event uuid, p_kind text) returns text
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
  if p_limit is null and p_limit_of_all is null then
    return 'yes';
  end if;
  -- Two mails at once must not both see the last free place; without a limit for all those of other addresses do not wait.
  perform pg_advisory_xact_lock(hashtextextended(
    tenant || case when p_limit_of_all is null then encode(p_address_hash, 'hex') else '' end, 0));
  if exists (select from hub.mail_admission a where a.tenant_rut = tenant and a.effect_key = p_effect_key) then
    return 'yes';
  end if;
  if (select count(*) from hub.mail_admission a
       where a.tenant_rut = tenant and a.address_hash = p_address_hash and right(a.effect_key, length(p_kind) + 1) = '/' || p_kind
         and a.admitted_at > now() - interval '1 day') >= p_limit then
    return 'recipient-limit';
  end if;
  if (select count(*) from hub.mail_admission a
       where a.tenant_rut = tenant and a.admitted_at > now() - interval '1 day') >= p_limit_of_all then
    return 'daily-limit';
  end if;
  insert into hub.mail_admission (tenant_rut, effect_key, address_hash) values (tenant, p_effect_key, p_address_hash);
  if random() < 0.01 then
    -- Nobody asks for more than a day back, and retries end within two.
    delete from hub.mail_admission a where a.ctid in (
      select o.ctid from hub.mail_admission o where o.admitted_at < now() - interval '3 days' limit 1000 for update skip locked);
  end if;
  return 'yes';
end $$;

do $$
declare
  f text := 'hub.mail_admit(text, bytea, int, int, uuid, text)';
begin
  execute format('alter function %s owner to hub_log', f);
  execute format('revoke all on function %s from public', f);
  execute format('grant execute on function %s to hub_app', f);
end $$;
