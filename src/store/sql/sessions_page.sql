-- Lists a page of a user's sessions, live and ended, the latest started first: ids begin with the time of
-- the start. Each has the client that its latest event names, the end not counted, and
-- the latest fact about its device, which has an index of its own. From each table a page is
-- taken before the two are merged, so that activity is looked up for no more sessions than a page holds. One
-- statement reads both tables, so a session that ends meanwhile is found in one of them.
-- No row: the user has no session before that id.
-- Parameters: $1 user (text), $2 session id that all of the page come before (uuid), $3 most sessions
-- (bigint)
with live as (
    select session_id, version, started_at, changed_at, authenticated_at, absolute_deadline, idle_timeout, client_ip,
           user_agent
      from session_ledger.session
     where user_id = $1
       and session_id < $2
     order by session_id desc
     limit $3
),
ended as (
    select session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, client_ip, user_agent
      from session_ledger.ended_session
     where user_id = $1
       and session_id < $2
     order by session_id desc
     limit $3
)
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
  from live as s
union all
select e.session_id, e.version, e.started_at, e.authenticated_at, e.last_seen,
       e.ended_at, e.reason, null, null, session_ledger.clock(),
       e.client_ip, e.user_agent, (
           select d.payload from session_ledger.event as d
            where d.session_id = e.session_id and d.kind = 'device_seen' and d.shape = 1
            order by d.version desc limit 1
       )
  from ended as e
 order by session_id desc
 limit $3
