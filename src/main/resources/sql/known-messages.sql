-- Messages of the conversation in the variable conversation that the hub has.
select chatwoot_message_id as id
  from public.messages
 where chatwoot_conversation_id = cast(:#${variable.conversation[id]} as int)
   and chatwoot_message_id >= cast(:#${variable.oldest} as bigint)
