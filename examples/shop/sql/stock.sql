-- How many of a product are on the shelf.
-- No row: it is no longer sold.
-- Parameters: $1 product (int4)
select name, stock from shop.product where id = $1;
