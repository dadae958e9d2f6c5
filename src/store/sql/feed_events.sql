-- Reads the events that are visible in one snapshot and not in an earlier one. They come in no order: whoever reads
-- them sorts them by position, which is cheaper than to have the server sort whole rows.
-- The later snapshot must have been taken by an earlier statement: what is visible in it has then been committed.
-- Each snapshot is read once, by a subquery of its own: written out, it would be parsed again for every event.
-- No row: nothing was appended between the two.
-- Parameters: $1 the earlier snapshot, $2 the later one (both text)
select session_id, version, event_id, kind, shape, user_id, actor, client_ip, user_agent, occurred_at, payload, hash,
       recorded_at, transaction_id, position
  from (
      select e.*
        from session_ledger.event as e
       where e.transaction_id >= (select pg_snapshot_xmax($1::text::pg_snapshot))
         and e.transaction_id < (select pg_snapshot_xmax($2::text::pg_snapshot))
         and pg_visible_in_snapshot(e.transaction_id, (select $2::text::pg_snapshot))
       union all
      -- By transactions that ran at the earlier snapshot and had finished by the later one.
      select e.*
        from session_ledger.event as e
       where e.transaction_id = any (array(select pg_snapshot_xip($1::text::pg_snapshot)))
         and pg_visible_in_snapshot(e.transaction_id, (select $2::text::pg_snapshot))
  ) as e
