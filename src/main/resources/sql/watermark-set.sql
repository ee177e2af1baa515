-- Remembers how far the tenant has come with the flow that the variable watermarkName names: JSON in the variable watermark.
insert into hub.watermark (tenant_rut, name, value)
values (hub.app_tenant(), :#${variable.watermarkName}, cast(:#${variable.watermark} as jsonb))
on conflict (tenant_rut, name) do update set value = excluded.value, updated_at = now()
