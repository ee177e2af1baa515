-- Reading the catalogue page by page, and searching it.

-- Words of name, SKU and barcode, and the tenant as one word more, so that a search walks over its own products only. Signs
-- part words: what a storefront is asked for is half a SKU as often as a whole one; n
-- stands for ñ, as accents count for nothing.
alter table public.products_cache add column words tsvector generated always as (
  array_to_tsvector(array['t=' || tenant_rut])
  || to_tsvector('spanish'::regconfig,
                 translate(name || ' ' || coalesce(sku, '') || ' ' || coalesce(barcode, ''),
                           '-_./\,;:()[]{}+*"''#&|!<>=?%$@~^`ñÑ', '                                nN'))) stored;
comment on column public.products_cache.words is 'For hub.product_search.';
create index products_cache_found on public.products_cache using gin (words) with (gin_pending_list_limit = 256);
create index products_cache_shelf on public.products_cache (tenant_rut, odoo_id) where is_active;
-- Under row-level security neither could serve a reader: their operators may not run before the fence.
drop index public.products_cache_words;
drop index public.products_cache_name;

-- Products on sale of the tenant in app.tenant_rut that have all the words in name, SKU or barcode, each word whole or
-- begun; by odoo_id from behind p_after, p_rows at most. p_category null is any. It reads past row-level security, for the
-- index's sake, and names the tenant itself. The planner cannot see here how common a word is: so the next products are
-- looked through, where a common word fills the page, and a rare one is then looked up.
create function hub.product_search(p_words text, p_category text, p_after int, p_rows int)
returns setof public.products_cache
language plpgsql stable security definer set search_path = '' as $$
declare
  t text := hub.app_tenant();
  asked text := (
    select string_agg('''' || w || ''':*', ' & ')
      from regexp_split_to_table(translate(p_words, '-_./\,;:()[]{}+*"''#&|!<>=?%$@~^`ñÑ', '                                nN'),
                                 '\s+') w
     where w <> '');
  q tsquery := to_tsquery('spanish', asked);
  here text := 'from public.products_cache c where c.tenant_rut = $1 and c.is_active and c.odoo_id > $2'
               || case when p_category is null then '' else ' and c.category = $3' end || ' order by c.odoo_id';
  edge int;
  n int;
begin
  if t is null or q is null or numnode(q) = 0 then
    return;
  end if;
  execute 'select c.odoo_id ' || here || ' offset 1999 limit 1' using t, p_after, p_category into edge;
  return query execute 'select * from (select c.* ' || here || ' limit 2000) w where w.words @@ $4 limit $5'
    using t, p_after, p_category, q, p_rows;
  get diagnostics n = row_count;
  if n < p_rows and edge is not null then
    -- Only the words' index may serve: the others would be walked over whole beside it.
    return query
      select c.* from public.products_cache c
       where c.words @@ (('''t=' || t || '''')::tsquery && q) and c.tenant_rut || '' = t and c.is_active
         and c.odoo_id + 0 > edge and (p_category is null or c.category || '' = p_category)
       order by c.odoo_id + 0 limit p_rows - n;
  end if;
end $$;

alter function hub.product_search(text, text, int, int) owner to hub_log;
revoke all on function hub.product_search(text, text, int, int) from public;
grant execute on function hub.product_search(text, text, int, int) to hub_app;
