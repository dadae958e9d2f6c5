-- Reads the condition of the tables that requests change, and for how long the oldest transaction of the
-- server has been open: as long as it is, no dead row goes. Of other users' transactions it sees none unless
-- the role is granted pg_read_all_stats.
-- No row: never happens.
select relname::text as table_name,
       n_live_tup as live,
       n_dead_tup as dead,
       n_tup_upd as updates,
       n_tup_hot_upd as hot_updates,
       (
           select extract(epoch from max(clock_timestamp() - xact_start))::double precision
             from pg_catalog.pg_stat_activity
            where xact_start is not null
              and pid <> pg_backend_pid()
       ) as oldest_seconds
  from pg_catalog.pg_stat_user_tables
 where schemaname = 'session_ledger'
   and relname in ('session', 'activity')
 order by relname
