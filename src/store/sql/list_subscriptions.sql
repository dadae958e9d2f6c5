-- Lists the subscriptions: who holds each or why it is closed, its filter, how many events it was delivered,
-- how many that are committed now were not, and when the first of these was recorded: those of the cursor's
-- epoch that it does not show, and all of later epochs. They are counted up to a bound, as dead letters and
-- parked sessions are.
-- No row: there is no subscription.
-- Parameters: $1 the most events to count for each (bigint)
select s.name, s.delivered, s.moved_at, s.closed_at, s.closed_reason, s.kinds, s.notes, s.users,
       behind.events, behind.since,
       (select count(*)
          from (
              select from session_ledger.dead_letter where subscription = s.name and skipped_at is null limit $1
          ) as dead) as dead_letters,
       (select count(*)
          from (select from session_ledger.parked_session where subscription = s.name limit $1) as parked) as parked_sessions,
       case when s.lease_until > session_ledger.clock() then s.lease_holder end as holder,
       case when s.lease_holder is not null and s.lease_until > session_ledger.clock() then s.lease_until end as held_until
  from session_ledger.subscription as s
 cross join lateral (
     select count(*) as events, min(e.recorded_at) as since
       from (
           (select recorded_at
              from session_ledger.event
             where epoch = s.epoch
               and transaction_id >= pg_snapshot_xmin(s.cursor)
               and not pg_visible_in_snapshot(transaction_id, s.cursor)
             order by event.transaction_id
             limit $1)
           union all
           (select recorded_at
              from session_ledger.event
             where epoch > s.epoch
             order by event.epoch
             limit $1)
           limit $1
       ) as e
 ) as behind
 order by s.name
