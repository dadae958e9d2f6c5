-- The session that a cookie leads to.
-- No row: poem has made no such id.
-- Parameters: $1 hash of the cookie's id
select session_id from poem_session where id_hash = $1
