-- Records a purchase: its buyer, session and total.
-- Parameters: $1 account (text), $2 session (uuid), $3 total in cents (int4)
insert into shop.purchase (account, session_id, total_cents) values ($1, $2, $3) returning id;
