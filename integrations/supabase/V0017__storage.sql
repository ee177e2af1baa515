-- Files in Supabase Storage: what customers and people send in conversations, and, if a tenant wants it, pictures of products.

alter table hub.tenant_settings
  add column storage_url text,
  add column storage_bucket text check (storage_bucket ~ '^[a-z0-9][a-z0-9._-]{0,99}$'),
  add column storage_product_images boolean not null default false;
comment on column hub.tenant_settings.storage_url is 'Supabase project of the tenant''s own; null: the deployment''s, if it has one.';
comment on column hub.tenant_settings.storage_bucket is 'Null: the deployment''s.';

alter table public.products_cache
  add column image_path text,
  add column image_hash text;
comment on column public.products_cache.image_path is 'Object in the tenant''s bucket that holds the picture; null if it was not copied.';
comment on column public.products_cache.image_hash is 'Of the picture that was copied last; tells a change from a touch.';

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
revoke all on function hub.tell_attachments() from public;
