-- Takes in a page and keeps the place: next, done, failed or stale.
select hub.product_page(
  cast(:#${variable.run} as uuid), cast(:#${variable.phase} as text), cast(:#${variable.cursor} as int),
  cast(string_to_array(:#${variable.met}, ',') as int[]), cast(:#${variable.last} as boolean),
  cast(:#${variable.rows} as jsonb)) as written
