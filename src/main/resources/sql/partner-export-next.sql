-- What comes after the page in the variable partners; after the last one, how far the export has come: what changed while it ran is
-- the next one's, wherever it stood. No row if there was no partner at all.
select cast(:#${variable.page[since]} as text) as since, n.begun, n.after, n.newest, n.size >= 200 as more,
       case when n.size < 200 then least(n.newest, n.begun) end as reached
  from (select cast(:#${variable.page[begun]} as text) as begun,
               coalesce(max(x.id), cast(:#${variable.page[after]} as int)) as after,
               greatest(max(x.write_date), nullif(cast(:#${variable.page[newest]} as text), '')) as newest,
               count(*)::int as size
          from jsonb_to_recordset(convert_from(:#${variable.partners}, 'UTF8')::jsonb) as x (id int, write_date text)) n
 where n.newest is not null
