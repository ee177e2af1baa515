-- What comes after the page in the variable partners; no row if the page was empty.
select p.last as since, p.last as reached, p.n >= 200 as more,
       case when p.last = cast(:#${variable.page[since]} as text) then cast(:#${variable.page[offset]} as int) + p.n
            else 0 end as "offset"
  from (select max(x.write_date) as last, count(*)::int as n
          from jsonb_to_recordset(convert_from(:#${variable.partners}, 'UTF8')::jsonb) as x (write_date text)) p
 where p.n > 0
