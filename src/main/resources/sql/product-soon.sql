-- The tenant's next run of the catalogue comes early.
select hub.product_soon(cast(:#${variable.settle} as int))
