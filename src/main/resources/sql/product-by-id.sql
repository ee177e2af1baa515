-- One product that the tenant sells.
select odoo_id, product_tmpl_id, sku, barcode, name, description, price, currency, stock, category, image_ref, is_active,
       updated_at
  from public.products_cache
 where tenant_rut = (select hub.app_tenant()) and is_active and odoo_id = cast(:#odoo_id as int)
