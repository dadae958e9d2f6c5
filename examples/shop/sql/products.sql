-- Everything on the shelves.
select id, name, description, picture, price_cents, stock from shop.product order by id;
