-- Reads a page of one session's events in order. Each row has, as `known_ip` and `known_agent`, the client
-- that the latest event before the page names, since the first events of the page may name none. The search
-- for that client goes backwards past all events that name none. A reader of one page after the other has
-- the client from the page before, and does without the search.
-- No row: the log holds no such session, or nothing of it above that version.
-- Parameters: $1 session id (uuid), $2 version before the page (bigint), $3 most events (bigint), $4 whether
-- the client before the page is wanted (boolean)
with page as (
    select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
           client_proof, recorded_at, transaction_id, position
      from session_ledger.event
     where session_id = $1
       and version > $2
     order by version
     limit $3
),
known as (
    select client_ip, user_agent
      from session_ledger.event
     where $4
       and session_id = $1
       and version <= $2
       and (client_ip is not null or user_agent is not null)
     order by version desc
     limit 1
)
select page.*, known.client_ip as known_ip, known.user_agent as known_agent
  from page
  left join known on true
 order by page.version
