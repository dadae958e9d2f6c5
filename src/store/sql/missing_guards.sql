-- Names each table of the log that lacks a guard trigger: one that is gone or disabled, fires at other times,
-- or calls another function does not count.
-- The numbers are the events that fire a guard: before update or delete of a row; before truncate.
-- No row: all guards are in place.
select log.relname::text as table_name, guard.name as trigger_name
  from pg_catalog.pg_class as log
 cross join (
     values ('an_event_is_never_changed', 27), ('the_log_is_never_emptied', 34)
 ) as guard (name, events)
 where (
         log.oid = to_regclass('session_ledger.event')
         or log.oid in (
             select inhrelid from pg_catalog.pg_inherits where inhparent = to_regclass('session_ledger.event')
         )
       )
   and not exists (
       select
         from pg_catalog.pg_trigger as one
        where one.tgrelid = log.oid
          and one.tgname = guard.name
          and one.tgtype = guard.events
          and one.tgenabled in ('O', 'A')
          and one.tgqual is null
          and one.tgfoid = to_regprocedure('session_ledger.refuse_rewrite()')
   )
 order by table_name, trigger_name
