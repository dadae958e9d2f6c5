-- Counts the events that are in no month of the log, up to a bound, and the months that are made ahead.
-- No row: never happens.
-- Parameters: $1 the most events to count (bigint)
select (select count(*) from (select from session_ledger.event_otherwise limit $1) as found) as events_otherwise,
       (
           select count(*)
             from generate_series(1, 120) as ahead,
                  session_ledger.month_of(session_ledger.clock() + make_interval(months => ahead)) as month
            where exists (
                      select from pg_catalog.pg_inherits
                       where inhrelid = to_regclass('session_ledger.' || month.partition)
                  )
       ) as months_ahead
