-- What became of one file, beside what Chatwoot told of it; the first word counts.
update public.messages m
   set attachments = jsonb_set(m.attachments, array[cast(:#${variable.file[position]} as text)],
                               (m.attachments -> cast(:#${variable.file[position]} as int)) || cast(:#${variable.fate} as jsonb))
 where m.chatwoot_message_id = cast(:#${variable.file[message]} as bigint)
   and m.attachments -> cast(:#${variable.file[position]} as int) ->> 'data_url' = :#${variable.file[url]}
   and m.attachments -> cast(:#${variable.file[position]} as int) -> 'stored_path' is null
