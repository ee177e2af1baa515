select * from hub.take_turn(
  cast(:#${variable.conversationId} as int),
  cast(:#${variable.messageId} as bigint),
  cast(:#${header.CamelEventId} as uuid),
  cast(:#${variable.pause} as int),
  cast(:#${variable.answers} as text))
