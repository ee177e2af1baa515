-- Begins a run of the catalogue; false if another is at work.
select hub.product_begin(
  cast(:#${header.CamelEventId} as uuid), cast(:#${variable.mode} as text), cast(:#${variable.allow} as boolean)) as began
