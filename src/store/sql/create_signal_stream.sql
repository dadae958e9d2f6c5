-- Makes a stream for a receiver of Shared Signals: a subscription at the end of the log, with the kinds of
-- events that it is delivered. As with `forward_subscription.sql`, the cursor is this statement's own
-- snapshot, and the events before it are counted in the same.
-- No row: there is a subscription of that name, or the receiver has as many streams as it may have.
-- Parameters: $1 name (text), $2 receiver (text), $3 document (text), $4 kinds (text[]),
--             $5 the most streams of a receiver (bigint)
with passed as (
    select count(*) as events from session_ledger.event
),
made as (
    insert into session_ledger.subscription (name, cursor, epoch, delivered, fence, kinds)
    select $1, pg_current_snapshot(), session_ledger.epoch(), passed.events,
           (extract(epoch from session_ledger.clock()) * 1000)::bigint, $4
      from passed
     where (select count(*) from session_ledger.signal_stream where receiver = $2) < $5
        on conflict (name) do nothing
    returning name
)
insert into session_ledger.signal_stream (name, receiver, document)
select name, $2, $3::jsonb from made
returning name
