-- Events that a sink refused for good, for somebody to look at.
create table session_ledger.dead_letter (
    subscription text        not null references session_ledger.subscription (name) on delete cascade,
    event_id     uuid        not null,
    session_id   uuid        not null,
    version      bigint      not null,
    refused_at   timestamptz not null default clock_timestamp(),
    reason       text        not null,
    constraint an_event_is_dead_once_per_subscription primary key (subscription, event_id)
);
