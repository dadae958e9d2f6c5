-- The tables that applications derive from the log by following its feed: see `Projection`.
--
-- `replays_until` is what had happened when the projection was first followed: such events are replayed, and
-- their side effects stay off. It never moves, however often an event comes again.
create table session_ledger.projection (
    name          text        not null references session_ledger.subscription (name) on delete cascade,
    replays_until pg_snapshot not null,
    epoch         smallint    not null,   -- of the snapshot; events of earlier ones are replayed
    constraint a_projection_has_one_mark primary key (name)
);
