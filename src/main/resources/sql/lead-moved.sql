insert into hub.sent (tenant_rut, effect_key, external_id)
values (hub.app_tenant(), 'lead-stage/' || cast(:#${variable.lead[odoo_lead_id]} as int), :#${variable.stage})
on conflict do nothing
