-- Remembers how far the tenant's partner export has come; a run that started earlier does not take it back.
insert into hub.watermark as w (tenant_rut, name, value)
values (hub.app_tenant(), 'partner-export', jsonb_build_object('since', cast(:#${variable.page[reached]} as text)))
on conflict (tenant_rut, name) do update set value = excluded.value, updated_at = now()
 where w.value ->> 'since' < excluded.value ->> 'since'
