-- Makes a cookie lead to a session, a new one or another than before.
-- Parameters: $1 hash of the cookie's id, $2 session id
insert into poem_session (id_hash, session_id) values ($1, $2)
on conflict (id_hash) do update set session_id = excluded.session_id
