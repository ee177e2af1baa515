-- As products-page.sql, of one category.
select odoo_id, product_tmpl_id, sku, barcode, name, description, price, currency, stock, category, image_ref, is_active,
       updated_at
  from public.products_cache
 where tenant_rut = (select hub.app_tenant()) and is_active and category = cast(:#category as text)
   and odoo_id > cast(:#after as int)
 order by odoo_id
 limit cast(:#rows as int)
