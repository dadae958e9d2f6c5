-- Opens a cursor over the whole log: stream after stream, each in order. Behind what the library has written
-- comes what the database has added.
-- No row: this reads nothing. It needs a transaction, and the cursor is gone with it.
declare log no scroll cursor for
 select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
        recorded_at, transaction_id, position, epoch
   from session_ledger.event
  order by session_id, version
