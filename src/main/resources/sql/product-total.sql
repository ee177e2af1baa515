-- How many products the run has to read.
select hub.product_total(cast(:#${variable.run} as uuid), cast(:#${body} as int))
