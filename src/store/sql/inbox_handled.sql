-- Reads which event an inbox of a filtered stream has handled as a version of a session, null for none; and
-- since when the inbox remembers, null for always. A statement of its own, behind the one that locks the
-- session: what that one has waited for is seen here.
-- No row: never.
-- Parameters: $1 inbox (text), $2 log (text), $3 session id (uuid), $4 version (bigint)
select (select event_id
          from session_ledger_inbox.event
         where inbox = $1
           and session_id = $3
           and log = $2
           and version = $4) as event_id,
       (select recorded_before
          from session_ledger_inbox.horizon
         where inbox = $1) as recorded_before
