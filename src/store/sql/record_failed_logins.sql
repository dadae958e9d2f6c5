-- Records failed logins, by itself and outside of any request's transaction. The database says when. It may
-- be sent again when its answer was lost.
-- No row: never any.
-- Parameters: $1 event ids (uuid[]), $2 users (text[]), $3 reasons (text[]), $4 addresses (inet[]), $5
--             browsers (text[]), $6 session ids (uuid[]), $7 how many were left out before each (bigint[])
insert into session_ledger.failed_login (event_id, user_id, reason, client_ip, user_agent, session_id, left_out)
select * from unnest($1::uuid[], $2::text[], $3::text[], $4::inet[], $5::text[], $6::uuid[], $7::bigint[])
    on conflict (event_id) do nothing
