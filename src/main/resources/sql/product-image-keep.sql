-- Where the product's picture is; an empty path if there is none.
select hub.product_image(cast(:#${variable.product} as int), cast(:#${variable.imagePath} as text), cast(:#${variable.hash} as text)) as kept
