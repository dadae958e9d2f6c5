-- What becomes of the events that wait behind a dead letter.
--
-- The cursor passes the events of a parked session, so that other sessions' events go on. When somebody asks
-- for them, the holder of the subscription delivers them itself, up to its cursor: nobody else ever publishes
-- for a subscription, so a session's order holds, and a broker sees one publisher.
alter table session_ledger.parked_session
    add column is_due boolean not null default false;   -- its events are to be delivered

create index parked_session_due on session_ledger.parked_session (subscription, session_id) where is_due;

-- A dead letter that was given up: its event is never delivered.
alter table session_ledger.dead_letter
    add column skipped_at timestamptz;

create index dead_letter_by_session on session_ledger.dead_letter (subscription, session_id, version);

-- As before, and the subscriptions that have parked a session of the span: its events are still to be
-- delivered, though they lie before the cursor.
create or replace function session_ledger.followers_behind(first_id uuid, end_id uuid) returns text[]
    language sql stable parallel safe
    return array(
        select name
          from session_ledger.subscription as follower
         where exists (
                   select from session_ledger.event
                    where event.session_id >= first_id
                      and event.session_id < end_id
                      and event.epoch > follower.epoch
               )
            or exists (
                   select from session_ledger.event
                    where event.session_id >= first_id
                      and event.session_id < end_id
                      and event.epoch = follower.epoch
                      and event.transaction_id >= pg_snapshot_xmin(follower.cursor)
                      and not pg_visible_in_snapshot(event.transaction_id, follower.cursor)
               )
            or exists (
                   select from session_ledger.parked_session as parked
                    where parked.subscription = follower.name
                      and parked.session_id >= first_id
                      and parked.session_id < end_id
               )
         order by name
    );
