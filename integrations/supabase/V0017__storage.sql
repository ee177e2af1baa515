-- Files in Supabase Storage: what customers and people send in conversations, and, if a tenant wants it, pictures of products.

alter table hub.tenant_settings
  add column storage_url text,
  add column storage_bucket text check (storage_bucket ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  add column storage_product_images boolean not null default false;
comment on column hub.tenant_settings.storage_url is 'Supabase project of the tenant''s own; null: the deployment''s, if it has one.';
comment on column hub.tenant_settings.storage_bucket is 'Null: the deployment''s.';

alter table public.products_cache
  add column image_path text,
  add column image_hash text,
  add column image_source_at timestamptz;
comment on column public.products_cache.image_path is 'Object in the tenant''s bucket that holds the picture; null if it was not copied.';
comment on column public.products_cache.image_hash is 'Of the picture that was looked at last; tells a change from a touch.';
comment on column public.products_cache.image_source_at is 'Odoo''s write_date of the product when its picture was last asked for.';

-- Asks for the pictures of a page of products that were written in Odoo since they were last asked for, if the tenant wants copies:
-- a picture is no part of what the cache compares. Returns how many.
create function hub.product_images(p_rows jsonb) returns int
language plpgsql security definer set search_path = '' as $$
declare
  t text := hub.app_tenant();
  ids int[];
begin
  if not exists (select from hub.tenant_settings s where s.tenant_rut = t and s.storage_product_images) then
    return 0;
  end if;
  with asked as (
    update public.products_cache c set image_source_at = r.write_date
      from jsonb_to_recordset(p_rows) as r (odoo_id int, is_active boolean, write_date timestamptz)
     where c.tenant_rut = t and c.odoo_id = r.odoo_id and r.is_active and c.image_source_at is distinct from r.write_date
    returning c.odoo_id
  )
  select array_agg(a.odoo_id order by a.odoo_id) into ids from asked a;
  if ids is null then
    return 0;
  end if;
  perform hub.product_events(t, array_agg('product.image_wanted'::text), array_agg('product-' || i),
    array_agg(jsonb_build_object('odoo_id', i))) from unnest(ids) i;
  return cardinality(ids);
end $$;

-- What became of a product's picture; the storefront's since= hears of it.
create function hub.product_image(p_product int, p_path text, p_hash text) returns void
language plpgsql security definer set search_path = '' as $$
begin
  update public.products_cache c
     set image_path = nullif(p_path, ''), image_hash = p_hash, seq = nextval('hub.product_seq'), updated_at = now()
   where c.tenant_rut = hub.app_tenant() and c.odoo_id = p_product
     and (c.image_path is distinct from nullif(p_path, '') or c.image_hash is distinct from p_hash);
end $$;

comment on column public.messages.attachments is
  'As Chatwoot tells them (id, file_type, data_url, ...), and what became of each file: stored_path, stored_size and stored_type, or refused.';

-- A message with files is an event of its own: what stores them waits for no other message, and messages without cost nothing.
create function hub.tell_attachments() returns trigger
language plpgsql set search_path = '' as $$
declare
  id uuid := hub.uuid_v7();
  known jsonb := jsonb_build_object('conversation_id', new.chatwoot_conversation_id, 'message_id', new.chatwoot_message_id,
                                    'attachments', jsonb_array_length(new.attachments));
begin
  perform hub.append(
    array[id], array[new.tenant_rut], array['conversation.attachments_received'], array['flow.conversation-attachments'],
    array['message-' || new.chatwoot_message_id], array[new.event_id::text], array[known::text], array[null::timestamptz],
    array['application/json'], array[null::text], array[convert_to(known::text, 'UTF8')], array[null::text],
    array[null::text], array[null::text], array[null::bytea], interval '0');
  return null;
end $$;
create trigger messages_attachments after insert on public.messages
  for each row when (new.attachments <> '[]'::jsonb) execute function hub.tell_attachments();

alter function hub.tell_attachments() owner to hub_log;
alter function hub.product_images(jsonb) owner to hub_log;
alter function hub.product_image(int, text, text) owner to hub_log;
revoke all on function hub.tell_attachments(), hub.product_images(jsonb), hub.product_image(int, text, text) from public;
grant execute on function hub.product_images(jsonb), hub.product_image(int, text, text) to hub_app;
