-- As products-page.sql, of what has all the words in its name, SKU or barcode, and of one category if there is one.
select odoo_id, product_tmpl_id, sku, barcode, name, description, price, currency, stock, category, image_ref, is_active,
       updated_at
  from hub.product_search(cast(:#q as text), cast(:#category as text), cast(:#after as int), cast(:#rows as int))
