-- One page of the tenant's contacts, newest first, from just behind a cursor; one row more than the page tells that there is a next one.
select id, name, email, message, phone, source, domain, status, display_name, phone_e164, rut, company, language, duplicate_of,
       odoo_partner_id, odoo_lead_id, chatwoot_contact_id, chatwoot_conversation_id, synced_at, created_at, updated_at
  from public.contacts
 where tenant_rut = (select hub.app_tenant())
   and (created_at, id) < (cast(:#afterTime as timestamptz), cast(:#afterId as uuid))
   and (cast(:#statusOrNull as text) is null or status = cast(:#statusOrNull as text))
 order by created_at desc, id desc
 limit cast(:#rows as int)
