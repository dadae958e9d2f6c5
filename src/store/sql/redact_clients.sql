-- Takes addresses and browsers out of the next sessions that ended before a moment: out of their events, in
-- whose place the chain goes by a digest from then on, and out of the rows that follow from these. It leaves
-- a session alone if one of its events cannot lose its client, as an older version wrote it.
-- Rows of archived months lose theirs, too. A list is made of the sessions, so that each event is looked up.
-- No row: nothing is behind that place.
-- Parameters: $1 sessions that ended before this (timestamptz); $2 ended at (timestamptz) and $3 session id
--             (uuid) of the session that all come after, $4 the most sessions to look at (bigint)
with looked as materialized (
    select session_id, ended_at, client_ip is not null or user_agent is not null as has_client
      from session_ledger.ended_session
     where ended_at < $1
       and (ended_at, session_id) > ($2, $3)
     order by ended_at, session_id
     limit $4
),
due as materialized (
    select session_id
      from looked
     where has_client
       and not exists (
               select
                 from session_ledger.event
                where event.session_id = looked.session_id
                  and (
                      client_proof is null and (client_ip is not null or user_agent is not null)
                      or kind = 'client_changed' and shape = 1
                  )
           )
),
redacted as (
    update session_ledger.event
       set client_ip = null,
           user_agent = null,
           client_proof = session_ledger.client_digest(client_proof, client_ip, user_agent)
     where session_id = any (array(select session_id from due))
       and octet_length(client_proof) = 16
    returning 1
),
ended as (
    update session_ledger.ended_session
       set client_ip = null, user_agent = null
     where session_id = any (array(select session_id from due))
    returning 1
),
steps as (
    update session_ledger.login_step
       set client_ip = null, user_agent = null
     where session_id = any (array(select session_id from due))
    returning 1
)
select ended_at,
       session_id,
       (select count(*) from redacted) as events,
       (select count(*) from ended) + (select count(*) from steps) as derived,
       (select count(*) from looked where has_client) - (select count(*) from due) as kept
  from looked
 order by ended_at desc, session_id desc
 limit 1
