-- How far the tenant has come with the flow that the variable watermarkName names; no row if it has not begun.
select value::text as value, updated_at
  from hub.watermark
 where tenant_rut = hub.app_tenant() and name = :#${variable.watermarkName}
