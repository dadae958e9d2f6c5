-- Whether something may lie behind the cursor of a stream, so that a poll which waits takes the lease for
-- that alone: an event of any kind, parked ones that are due, or a notice of the stream itself. As in
-- `feed_events.sql`, the index returns rows in order and a limit ends each scan, and what ran at the cursor
-- is looked up by itself.
-- No row: there is no subscription of that name.
-- Parameters: $1 name (text)
select s.epoch < session_ledger.epoch()
       or newest.found is not null
       or late.found is not null
       or exists (select from session_ledger.parked_session where subscription = s.name and is_due)
       or exists (
           select from session_ledger.signal_stream where name = s.name and jsonb_exists(document, 'notices')
       ) as has_news
  from session_ledger.subscription as s
  left join lateral (
      select true as found
        from session_ledger.event as e
       where e.epoch = s.epoch
         and e.transaction_id >= pg_snapshot_xmax(s.cursor)
       order by e.transaction_id
       limit 1
  ) as newest on true
  left join lateral (
      select true as found
        from pg_snapshot_xip(s.cursor) as running (id),
             lateral (
                 select
                   from session_ledger.event as e
                  where e.epoch = s.epoch
                    and e.transaction_id >= running.id
                    and e.transaction_id <= running.id
                  order by e.transaction_id
                  limit 1
             ) as one
       limit 1
  ) as late on true
 where s.name = $1
