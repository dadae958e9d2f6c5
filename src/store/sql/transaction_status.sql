-- Asks how a transaction ended: committed, aborted, in progress, or unknown. After a crash, or on a standby that took
-- over, an id may be another transaction's by now: if that is committed, nobody can tell; if it is not, ours was not.
-- Crash recovery resets the statistics; so may an administrator, which makes more outcomes unknown and none wrong.
-- No row: never happens. Null: the transaction is so old that nobody knows any more.
-- Parameters: $1 transaction id (xid8 as text), $2 the run of the server that it is of (text)
select case
           when $2 = concat_ws(
               ' ',
               extract(epoch from pg_postmaster_start_time()),
               extract(epoch from pg_stat_get_bgwriter_stat_reset_time())
           )
               then pg_xact_status($1::text::xid8)
           when $1::text::xid8 >= pg_snapshot_xmax(pg_current_snapshot())
               then 'aborted'
           when pg_xact_status($1::text::xid8) = 'committed'
               then 'unknown'
           else pg_xact_status($1::text::xid8)
       end as status
