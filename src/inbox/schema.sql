-- What inboxes remember, in the database of a consumer. Sent again, this changes nothing.
-- The sessions that an inbox has events of, each with its latest event that was handled.
create schema if not exists session_ledger_inbox;

create table if not exists session_ledger_inbox.session (
    inbox       text        not null,
    session_id  uuid        not null,
    -- The log, as the envelopes name it.
    log         text        not null,
    version     bigint      not null,
    event_id    uuid        not null,
    -- None in an inbox of a filtered stream.
    link        text,
    -- The latest time of recording among the events that were handled.
    recorded_at timestamptz not null,
    -- Whether no event is to come that would have to follow this one.
    may_go      boolean     not null,
    constraint an_inbox_knows_a_session_once primary key (inbox, session_id, log),
    constraint versions_begin_at_one check (version >= 1)
);

-- Each event that was handled, in an inbox of a filtered stream: there a version alone does not tell.
create table if not exists session_ledger_inbox.event (
    inbox       text        not null,
    session_id  uuid        not null,
    log         text        not null,
    version     bigint      not null,
    event_id    uuid        not null,
    recorded_at timestamptz not null,
    constraint an_inbox_handles_an_event_once primary key (inbox, session_id, log, version)
);

-- How far back an inbox remembers.
create table if not exists session_ledger_inbox.horizon (
    inbox           text        not null,
    -- Of events that were recorded earlier the inbox may no longer know whether they were handled.
    recorded_before timestamptz not null,
    constraint an_inbox_has_one_horizon primary key (inbox)
);
