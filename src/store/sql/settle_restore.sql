-- What follows the events of an archive: positions go on behind theirs, and the epoch is one that none of
-- them has, as their transaction ids are another server's.
-- No row: never happens.
-- Parameters: $1 the greatest position, $2 the greatest epoch (smallint)
select setval('session_ledger.event_position', greatest($1::bigint, 1)) as positions,
       (
           select max(session_ledger.raise_epoch())
             from generate_series(session_ledger.epoch()::integer, $2::smallint::integer)
       ) as epoch
