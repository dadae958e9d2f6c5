-- A stream of a receiver of Shared Signals.
-- No row: there is none of that name, or it is another receiver's.
-- Parameters: $1 name (text), $2 receiver (text)
select name, receiver, document::text as document, revision
  from session_ledger.signal_stream
 where name = $1
   and receiver = $2
