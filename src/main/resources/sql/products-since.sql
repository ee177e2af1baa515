-- What changed behind a point, in the order of the changes, with what is no longer sold.
select odoo_id, product_tmpl_id, sku, barcode, name, description, price, currency, stock, category, image_ref, is_active,
       updated_at, seq
  from public.products_cache
 where tenant_rut = (select hub.app_tenant()) and seq > cast(:#since as bigint)
 order by seq
 limit cast(:#rows as int)
