-- Reads what had happened when a projection was first followed. If this is the first time, that is now.
-- No row: never happens, as the caller holds the lease of the subscription.
-- Parameters: $1 name (text)
with made as (
    insert into session_ledger.projection (name, replays_until, epoch)
    values ($1, pg_current_snapshot(), session_ledger.epoch())
        on conflict (name) do nothing
    returning replays_until, epoch
)
select replays_until, epoch from made
 union all
select replays_until, epoch from session_ledger.projection where name = $1
