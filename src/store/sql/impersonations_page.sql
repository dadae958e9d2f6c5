-- Lists a page of the sessions in which somebody acted as a user, the latest started first, with who did so
-- and when they last began to. Each has the client that its latest event names, the end not counted.
-- Sessions without a row are left out: `verify` names them.
-- No row: nobody acted as that user in a session before that id.
-- Parameters: $1 user acted as (text), $2 session id that all of the page come before (uuid), $3 most
-- sessions (bigint)
with acted as (
    select distinct on (session_id) session_id, actor, occurred_at
      from session_ledger.event as i
     where kind = 'impersonation_started'
       and user_id = $1
       and session_id < $2
       and (exists (select from session_ledger.session as s where s.session_id = i.session_id)
            or exists (select from session_ledger.ended_session as e where e.session_id = i.session_id))
     order by session_id desc, version desc
     limit $3
)
select acted.session_id, acted.actor, acted.occurred_at,
       coalesce(s.version, e.version) as version,
       coalesce(s.started_at, e.started_at) as started_at,
       coalesce(s.authenticated_at, e.authenticated_at) as authenticated_at,
       coalesce(e.last_seen, greatest(s.changed_at, (
           select a.last_seen from session_ledger.activity as a where a.session_id = s.session_id
       ))) as last_seen,
       e.ended_at, e.reason, s.idle_timeout, s.absolute_deadline, session_ledger.clock() as now,
       coalesce(s.client_ip, e.client_ip) as client_ip,
       coalesce(s.user_agent, e.user_agent) as user_agent,
       (
           select d.payload from session_ledger.event as d
            where d.session_id = acted.session_id and d.kind = 'device_seen' and d.shape = 1
            order by d.version desc limit 1
       ) as device
  from acted
  left join session_ledger.session as s on s.session_id = acted.session_id
  left join session_ledger.ended_session as e on e.session_id = acted.session_id
 order by acted.session_id desc
