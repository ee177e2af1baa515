update public.messages
   set metadata = metadata || jsonb_build_object('result', cast(:#${variable.kept} as text))
 where turn_id = cast(:#${header.CamelEventId} as uuid)
