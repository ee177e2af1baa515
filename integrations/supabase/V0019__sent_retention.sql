-- What was sent is remembered as long as its delivery could run again: no longer than the body of its event.

-- Drops entries that are older than p_payload and whose event has no body any more; at most 10,000 in one call, so call it until it
-- returns less. An entry whose key names no event goes a month later.
create function hub.retire_sent(p_payload interval) returns int
language plpgsql security definer set search_path = '' as $$
declare
  n int;
begin
  if not pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended('hub.retire_sent', 0)) then
    return 0;
  end if;
  delete from hub.sent x where (x.tenant_rut, x.effect_key) in (
    select y.tenant_rut, y.effect_key from hub.sent y
     where y.sent_at < now() - p_payload
       and case when split_part(y.effect_key, ':', 2) ~ '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$'
                then not exists (select from hub.payload p where p.event_id = split_part(y.effect_key, ':', 2)::uuid)
                else y.sent_at < now() - p_payload - interval '30 days' end
     order by y.sent_at limit 10000);
  get diagnostics n = row_count;
  return n;
end $$;

alter function hub.retire_sent(interval) owner to hub_log;
revoke all on function hub.retire_sent(interval) from public;
grant execute on function hub.retire_sent(interval) to hub_engine;
