-- Whether the bot still owns the conversation, or this turn was answered by an attempt before, which then ends as it began; and whether
-- no reply to it is known to be sent.
select c.owner = 'bot' or s.known as ours, not s.known as unsent
  from public.conversations c,
       lateral (select exists (select from hub.sent e
                                where e.effect_key = cast(:#${header.CamelEventIdempotencyKey} as text) || ':message/reply')) s (known)
 where c.chatwoot_conversation_id = cast(:#${variable.conversationId} as int)
