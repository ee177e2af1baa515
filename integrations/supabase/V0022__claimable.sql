-- Of many subscriptions few have work at any moment, and an empty claim costs a transaction all the same: one question for all of them.

-- Those of the named subscriptions that are not paused and have a delivery that waits or is due again. Its key may be at work: then the
-- claim gets nothing, as ever.
create function hub.claimable(p_subscriptions text[]) returns setof text
language plpgsql stable security definer set search_path = '' set enable_seqscan = off set enable_bitmapscan = off as $$
begin
  return query
    select s.name from hub.subscription s
     where s.name = any (p_subscriptions) and not s.paused
       and (exists (select from hub.delivery d where d.subscription = s.name and d.state = 'pending')
         or exists (select from hub.delivery d where d.subscription = s.name and d.state = 'retry' and d.next_at <= now()));
end $$;

alter function hub.claimable(text[]) owner to hub_log;
revoke all on function hub.claimable(text[]) from public;
grant execute on function hub.claimable(text[]) to hub_engine;
