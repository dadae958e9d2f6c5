-- Records one product of a purchase.
-- Parameters: $1 purchase (int8), $2 product (int4), $3 quantity (int4), $4 price of one in cents (int4)
insert into shop.purchase_line (purchase_id, product_id, quantity, price_cents) values ($1, $2, $3, $4);
