-- Where a session's row moves when it ends, in the statement that appends the `ended` event.
create table session_ledger.ended_session (
    session_id       uuid        not null,
    version          bigint      not null,
    started_at       timestamptz not null,
    ended_at         timestamptz not null,
    last_seen        timestamptz not null,
    authenticated_at timestamptz,
    reason           text        not null,
    user_id          text,
    head_hash        bytea       not null,
    client_ip        inet,                   -- the client of the latest event before the end that names one
    user_agent       text,
    ended_by         text,                   -- who ended it, where that is not the session's user
    constraint a_session_ends_once primary key (session_id)
);

create index ended_session_by_user on session_ledger.ended_session (user_id) where user_id is not null;

-- For whoever asks which sessions ended, when and why. No request does.
create index ended_session_by_reason on session_ledger.ended_session (reason, ended_at);
create index ended_session_by_time on session_ledger.ended_session (ended_at);
