-- Deletes what leads to sessions that ended more than a day ago: no request is late by so much.
delete from poem_session as p
using session_ledger.ended_session as e
where e.session_id = p.session_id and e.ended_at < session_ledger.clock() - interval '1 day'
