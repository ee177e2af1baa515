-- Id of the tenant's first contact with the address in the body; null if that is the contact of this event itself.
select hub.first_contact(:#email, cast(:#${header.CamelEventId} as uuid)) as id
