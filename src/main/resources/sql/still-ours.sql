-- Whether the bot still owns the conversation; and whether this turn was answered by an attempt before, which then ends as it began.
select c.owner = 'bot'
       or exists (select from hub.sent s
                   where s.effect_key = cast(:#${header.CamelEventIdempotencyKey} as text) || ':message/reply') as ours
  from public.conversations c
 where c.chatwoot_conversation_id = cast(:#${variable.said[conversation_id]} as int)
