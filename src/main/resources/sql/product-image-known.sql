-- The hash of the product's picture that was looked at last, empty if none was; no row if the cache has no such product.
select coalesce(image_hash, '') as hash from public.products_cache where odoo_id = cast(:#${body[odoo_id]} as int)
