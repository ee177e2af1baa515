-- Products of the tenant that a customer may mean, best match first: any word counts, and most words count most.
select p.name, p.sku, p.price, p.stock
  from public.products p,
       cast(replace(plainto_tsquery('spanish', cast(:#${variable.question} as text))::text, '&', '|') as tsquery) as q
 where to_tsvector('spanish'::regconfig, p.name || ' ' || coalesce(p.sku, '') || ' ' || coalesce(p.barcode, '')) @@ q
 order by ts_rank(to_tsvector('spanish'::regconfig, p.name || ' ' || coalesce(p.sku, '') || ' ' || coalesce(p.barcode, '')), q) desc,
          p.stock > 0 desc, p.odoo_id
 limit 3
