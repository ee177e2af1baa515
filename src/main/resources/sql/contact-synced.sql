update public.contacts
   set odoo_partner_id = :#${variable.partnerId},
       odoo_lead_id    = coalesce(cast(:#${variable.leadId} as int), odoo_lead_id),
       synced_at       = now(),
       updated_at      = now()
 where id = cast(:#${header.CamelEventId} as uuid)
