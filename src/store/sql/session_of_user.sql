-- Reads one of a user's sessions, live or ended, as `sessions_page.sql` lists them.
-- No row: there is no such session, or it is another user's. The two are told the same, so that nobody learns
-- by asking which sessions there are.
-- Parameters: $1 user (text), $2 session id (uuid)
select s.session_id, s.version, s.started_at, s.authenticated_at,
       greatest(s.changed_at, (
           select a.last_seen from session_ledger.activity as a where a.session_id = s.session_id
       )) as last_seen,
       null::timestamptz as ended_at, null::text as reason, s.idle_timeout, s.absolute_deadline, session_ledger.clock() as now,
       s.client_ip, s.user_agent, (
           select d.payload from session_ledger.event as d
            where d.session_id = s.session_id and d.kind = 'device_seen' and d.shape = 1
            order by d.version desc limit 1
       ) as device
  from session_ledger.session as s
 where s.session_id = $2
   and s.user_id = $1
union all
select e.session_id, e.version, e.started_at, e.authenticated_at, e.last_seen,
       e.ended_at, e.reason, null, null, session_ledger.clock(),
       e.client_ip, e.user_agent, (
           select d.payload from session_ledger.event as d
            where d.session_id = e.session_id and d.kind = 'device_seen' and d.shape = 1
            order by d.version desc limit 1
       )
  from session_ledger.ended_session as e
 where e.session_id = $2
   and e.user_id = $1
