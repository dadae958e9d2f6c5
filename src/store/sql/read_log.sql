-- Reads on in the log: stream after stream, each in order. Behind what the library has written comes what the
-- database has added. The first condition follows from the second, and tells PostgreSQL which partitions to
-- leave out.
-- No row: the log has been read to the end of the range.
-- Parameters: $1 the session that the reading has come to (uuid), $2 the version in it (bigint), $3 the last
--             session wanted (uuid)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       client_proof, recorded_at, transaction_id, position, epoch
  from session_ledger.event
 where session_id >= $1
   and (session_id, version) > ($1, $2)
   and session_id <= $3
 order by session_id, version
 limit 2000
