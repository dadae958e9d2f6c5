-- Opens an account, unless there is one of that name.
-- Parameters: $1 name (text), $2 password hash (text)
insert into shop.account (name, password_hash) values ($1, $2) on conflict (name) do nothing;
