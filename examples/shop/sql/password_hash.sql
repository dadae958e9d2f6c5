-- The hash that an account's password is checked against.
-- No row: there is no such account.
-- Parameters: $1 name (text)
select password_hash from shop.account where name = $1;
