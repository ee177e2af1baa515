-- Contacts without a partner whose address is one of the page's partners; of several partners with one address the oldest.
select c.id::text as contact_id, p.id as odoo_partner_id, c.email, coalesce(e.event_key, c.id::text) as event_key
  from (select lower(x.email) as email, min(x.id) as id
          from jsonb_to_recordset(convert_from(:#${variable.partners}, 'UTF8')::jsonb) as x (id int, email text)
         group by lower(x.email)) p
  join public.contacts c on c.tenant_rut = hub.app_tenant() and lower(c.email) = p.email
  left join public.events e on e.tenant_rut = c.tenant_rut and e.id = c.id
 where c.odoo_partner_id is null
 order by c.id
