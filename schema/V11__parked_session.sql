-- Sessions whose later events wait behind a refused one, so that their order holds.
create table session_ledger.parked_session (
    subscription text        not null references session_ledger.subscription (name) on delete cascade,
    session_id   uuid        not null,
    from_version bigint      not null,
    parked_at    timestamptz not null default clock_timestamp(),
    constraint a_session_is_parked_once_per_subscription primary key (subscription, session_id)
);
