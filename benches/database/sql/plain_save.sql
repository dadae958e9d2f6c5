-- The write of an ordinary store: the whole blob, without looking at the stored one. It brings a session back
-- to life that was logged out meanwhile, and loses what another request has written.
-- No row: this only writes.
-- Parameters: $1 session id (uuid), $2 data (bytea)
insert into plain_session (session_id, data, expires_at) values ($1, $2, now() + interval '14 days')
    on conflict (session_id) do update set data = excluded.data, expires_at = excluded.expires_at
