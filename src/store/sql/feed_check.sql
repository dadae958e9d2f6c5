-- Reads what must be known before a cursor can be trusted: whether this is a standby, whose snapshots list no
-- running transactions, and the greatest transaction ids that the log and the subscription's cursor know of
-- in the present epoch. These lie in the future if ids have started again (dump and restore). All that a
-- cursor knows of lies below its upper bound.
-- No row: never happens. `newest` is null where the present epoch has no event and no such cursor.
-- Parameters: $1 name (text)
select pg_is_in_recovery() as standby,
       greatest(
           (select transaction_id::text::bigint
              from session_ledger.event
             where epoch = session_ledger.epoch()
             order by event.transaction_id desc
             limit 1),
           (select pg_snapshot_xmax(cursor)::text::bigint - 1
              from session_ledger.subscription
             where name = $1
               and epoch = session_ledger.epoch())
       ) as newest,
       pg_snapshot_xmax(pg_current_snapshot())::text::bigint as next
