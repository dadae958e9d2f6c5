insert into mail (user_id, session_id, seen_at) values ($1, $2, $3)
