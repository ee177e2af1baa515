-- Where the run of the body stands; no row if it has ended or was replaced.
select run_id::text as run, mode, phase, cursor, to_char(since at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as since
  from hub.product_sync
 where tenant_rut = hub.app_tenant() and run_id = cast(:#${body[run]} as uuid)
