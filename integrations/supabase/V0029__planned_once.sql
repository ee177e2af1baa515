-- What each outcome and each turn pass is planned once for each connection. By PostgreSQL's own reckoning a plan for the values at hand
-- looks cheaper whenever there are only a few rows, and so it made one at each call: a third of what taking a turn cost. These functions find their
-- rows by keys, whatever the values, and are kept from reading whole tables, which a plan of a table's first days would do until its next statistics.
-- Whoever replaces one of them has to repeat its settings.
alter function hub.take_turn(int, bigint, uuid, int, text) set plan_cache_mode = force_generic_plan;
alter function hub.take_turn(int, bigint, uuid, int, text) set enable_seqscan = off;
alter function hub.take_turn(int, bigint, uuid, int, text) set enable_bitmapscan = off;
alter function hub.finish(text, bigint[], bigint[], text[], text[], bigint[], int[], text[], bigint[], uuid[], text[], text[], text[],
  text[], text[], text[], timestamptz[], text[], text[], bytea[], text[], bigint[], text[], text[], text[])
  set plan_cache_mode = force_generic_plan;
-- What it records joins tables as large as they are at the moment. Also where hub.finish calls it.
alter function hub.append(uuid[], text[], text[], text[], text[], text[], text[], timestamptz[], text[], text[], bytea[], text[],
  text[], text[], bytea[], interval) set plan_cache_mode = auto;
