-- A message that is recorded and that no turn of the bot takes up.
update public.messages set turn_id = cast(:#${header.CamelEventId} as uuid)
 where chatwoot_message_id = cast(:#${variable.messageId} as bigint) and turn_id is null
