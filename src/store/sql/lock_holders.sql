-- Lists the other transactions that have held a lock on a table of the ledger for over a second.
-- No row: there is none by now.
select distinct activity.pid, activity.application_name
  from pg_catalog.pg_locks as held
  join pg_catalog.pg_stat_activity as activity using (pid)
  join pg_catalog.pg_class on pg_class.oid = held.relation
 where held.granted
   and activity.datname = current_database()
   and activity.pid <> pg_backend_pid()
   and activity.xact_start < clock_timestamp() - interval '1 second'
   and pg_class.relnamespace = to_regnamespace('session_ledger')
 order by activity.pid
