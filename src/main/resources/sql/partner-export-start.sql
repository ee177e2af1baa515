-- The first page of a partner export: ten minutes before what was reached, for Odoo stamps a change with its transaction's start.
select to_char(coalesce((select (value ->> 'since')::timestamp - interval '10 minutes'
                           from hub.watermark
                          where tenant_rut = hub.app_tenant() and name = 'partner-export'),
                        timestamp '1970-01-01'), 'YYYY-MM-DD HH24:MI:SS') as since,
       to_char(now() at time zone 'UTC', 'YYYY-MM-DD HH24:MI:SS') as begun,
       0 as after, null::text as newest, null::text as reached, true as more
