-- Changes a stream that is as it was read, and the kinds of events that its subscription is delivered: these
-- count from the next batch on.
-- No row: it has changed since, or it is gone.
-- Parameters: $1 name (text), $2 revision as it was read (bigint), $3 document (text), $4 kinds (text[])
with changed as (
    update session_ledger.signal_stream
       set document = $3::jsonb,
           revision = revision + 1
     where name = $1
       and revision = $2
    returning name
)
update session_ledger.subscription as follower
   set kinds = $4
  from changed
 where follower.name = changed.name
returning follower.name
