-- Lists the months of the log: which sessions each is for, whether one of them is live, its size on disk, and
-- the subscriptions that have not had all of its events.
-- No row: the log has no month of its own.
select month.partition,
       month.first_id,
       month.end_id,
       made.began_at,
       made.began_at + interval '1 month' as end_at,
       exists (
           select from session_ledger.session as s where s.session_id >= month.first_id and s.session_id < month.end_id
       ) as is_live,
       pg_total_relation_size(made.oid) as bytes,
       session_ledger.followers_behind(month.first_id, month.end_id) as followers_behind
  from (
      select pg_class.oid,
             make_timestamptz(substr(relname, 7, 4)::integer, substr(relname, 12, 2)::integer, 1, 0, 0, 0, 'UTC') as began_at
        from pg_catalog.pg_inherits
        join pg_catalog.pg_class on pg_class.oid = inhrelid
       where inhparent = to_regclass('session_ledger.event')
         and relname::text similar to 'event_[0-9]{4}_(0[1-9]|1[0-2])'
  ) as made,
       session_ledger.month_of(made.began_at) as month
 order by made.began_at
