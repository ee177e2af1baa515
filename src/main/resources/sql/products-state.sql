-- The change that the tenant's catalogue got to. Nothing in it changes without a new one.
select seq, updated_at
  from public.products_cache
 where tenant_rut = (select hub.app_tenant())
 order by seq desc
 limit 1
