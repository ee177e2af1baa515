-- Asks for the pictures of the page's products that were written in Odoo since they were last asked for.
select hub.product_images(cast(:#${variable.rows} as jsonb)) as asked
