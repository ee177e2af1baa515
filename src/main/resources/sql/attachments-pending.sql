-- Files of a message that are neither stored nor refused yet. Places and shared contacts are no files.
select x.o - 1 as position, x.a ->> 'id' as id, x.a ->> 'data_url' as url, x.a ->> 'extension' as extension,
       coalesce(x.a ->> 'file_type', 'file') as file_type, m.chatwoot_conversation_id as conversation,
       m.chatwoot_message_id as message
  from public.messages m
 cross join lateral jsonb_array_elements(m.attachments) with ordinality as x (a, o)
 where m.chatwoot_message_id = cast(:#${body[message_id]} as bigint)
   and coalesce(x.a ->> 'file_type', 'file') in ('image', 'audio', 'video', 'file')
   and x.a ->> 'data_url' is not null and x.a -> 'stored_path' is null and x.a -> 'refused' is null
 order by x.o
