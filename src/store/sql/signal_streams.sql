-- The streams of a receiver of Shared Signals, or of all, by their names.
-- No row: there are none.
-- Parameters: $1 receiver (text), or null for all, $2 the most streams (bigint)
select name, receiver, document::text as document, revision
  from session_ledger.signal_stream
 where $1 is null
    or receiver = $1
 order by name
 limit $2
