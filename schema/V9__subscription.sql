-- The followers of the feed and how far each has come.
--
-- The cursor is a snapshot: what was visible in it has been delivered. Only the holder of the lease may move
-- it, and proves that with the fence, which grows whenever the lease changes hands. Each checkpoint also says
-- how many events lie before the cursor. A cursor that was moved by hand, or a log that has lost events, does
-- not agree with that number.
create table session_ledger.subscription (
    name         text        not null,
    cursor       pg_snapshot not null,
    delivered    bigint      not null default 0,   -- events before the cursor, by its checkpoints
    epoch        smallint    not null default 1,   -- of the cursor; events of earlier ones lie before it
    fence        bigint      not null default 0,
    lease_holder text,
    lease_until  timestamptz,
    moved_at     timestamptz,
    constraint a_subscription_has_one_cursor primary key (name)
);
