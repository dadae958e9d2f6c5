-- Lists a user's sessions, live and ended, the latest first. Each has the client that its latest event names,
-- and the latest fact about its device, which has an index of its own.
-- The end of a session is not counted: it may be somebody else's doing.
-- No row: the user never had a session.
-- Parameters: $1 user (text)
select s.session_id, s.version, s.started_at, s.authenticated_at, greatest(s.changed_at, a.last_seen) as last_seen,
       null::timestamptz as ended_at, null::text as reason, s.idle_timeout, s.absolute_deadline, session_ledger.clock() as now,
       s.client_ip, s.user_agent, (
           select d.payload from session_ledger.event as d
            where d.session_id = s.session_id and d.kind = 'device_seen' and d.shape = 1
            order by d.version desc limit 1
       ) as device
  from session_ledger.session as s
  left join session_ledger.activity as a on a.session_id = s.session_id
 where s.user_id = $1
union all
select e.session_id, e.version, e.started_at, e.authenticated_at, e.last_seen,
       e.ended_at, e.reason, null, null, session_ledger.clock(),
       e.client_ip, e.user_agent, (
           select d.payload from session_ledger.event as d
            where d.session_id = e.session_id and d.kind = 'device_seen' and d.shape = 1
            order by d.version desc limit 1
       )
  from session_ledger.ended_session as e
 where e.user_id = $1
 order by last_seen desc, session_id desc
