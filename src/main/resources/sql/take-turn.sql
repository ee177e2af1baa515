select * from hub.take_turn(
  cast(:#${variable.said[conversation_id]} as int),
  cast(:#${variable.said[message_id]} as bigint),
  cast(:#${header.CamelEventId} as uuid),
  cast(:#${variable.pause} as int),
  cast(:#${variable.answers} as text))
