-- Leaves an audit line if the contact is another tenant's.
select hub.note_crossing(cast(:#id as uuid)) is null as noted
