-- Takes items from the shelf.
-- No row: there are too few.
-- Parameters: $1 product (int4), $2 quantity (int4)
update shop.product set stock = stock - $2 where id = $1 and stock >= $2 returning price_cents;
