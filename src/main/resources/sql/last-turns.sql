-- Whose the conversation is now and why, and what customer, bot and team said last in it, oldest first; null if nothing with words.
select c.owner, c.handoff_reason as reason,
       (select string_agg(case m.sender_type when 'customer' then 'Cliente: ' when 'agent' then 'Equipo: ' else 'Bot: ' end
                          || left(m.content, 500), E'\n' order by m.created_at, m.chatwoot_message_id)
          from (select x.sender_type, x.content, x.created_at, x.chatwoot_message_id
                  from public.messages x
                 where x.chatwoot_conversation_id = c.chatwoot_conversation_id and not x.private
                   and x.message_type in ('incoming', 'outgoing') and x.content is not null
                 order by x.created_at desc, x.chatwoot_message_id desc limit 8) m) as words
  from public.conversations c
 where c.chatwoot_conversation_id = cast(:#${variable.handoff[conversation_id]} as int)
