-- Drops a receiver's stream with its place in the log, whoever holds it.
-- No row: never; the column says whether there was one.
-- Parameters: $1 name (text), $2 receiver (text)
select session_ledger.drop_signal_stream($1, $2) as was_there
