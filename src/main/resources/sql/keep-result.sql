-- By the conversation first: it has an index, and few messages.
update public.messages
   set metadata = metadata || jsonb_build_object('result', cast(:#${variable.kept} as text))
 where chatwoot_conversation_id = cast(:#${variable.conversationId} as int)
   and turn_id = cast(:#${header.CamelEventId} as uuid)
