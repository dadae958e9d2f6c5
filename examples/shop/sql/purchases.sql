-- The purchases of an account, a row for each line, the latest purchase first.
-- No row: nothing yet.
-- Parameters: $1 account (text)
select p.id, p.session_id, p.placed_at, p.total_cents, l.quantity, product.name
  from shop.purchase as p
  join shop.purchase_line as l on l.purchase_id = p.id
  join shop.product on product.id = l.product_id
 where p.account = $1
 order by p.id desc, l.product_id;
