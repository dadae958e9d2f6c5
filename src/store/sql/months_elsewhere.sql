-- Names the months, from the present one on, that have no partition of their own.
-- No row: each has one.
-- Parameters: $1 how many months ahead (integer)
select to_char(session_ledger.clock() + make_interval(months => ahead), 'YYYY-MM') as month
  from generate_series(0, $1::integer) as ahead,
       session_ledger.month_of(session_ledger.clock() + make_interval(months => ahead)) as month
 where not exists (
           select from pg_catalog.pg_inherits where inhrelid = to_regclass('session_ledger.' || month.partition)
       )
 order by ahead
