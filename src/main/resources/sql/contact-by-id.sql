-- One contact of the tenant.
select id, name, email, message, phone, source, domain, status, display_name, phone_e164, rut, company, language, duplicate_of,
       odoo_partner_id, odoo_lead_id, chatwoot_contact_id, chatwoot_conversation_id, synced_at, created_at, updated_at
  from public.contacts
 where tenant_rut = (select hub.app_tenant()) and id = cast(:#id as uuid)
