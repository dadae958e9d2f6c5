-- The projection: one row per live session, derived from the log by the library's fold.
--
-- No index on a column that changes per request: updates must stay HOT (heap-only). The row is found by
-- the id sealed in the token, so the hashes need no index. Free space on each page takes the new versions.
--
-- What most requests leave alone comes first, what they change last: an update's WAL record leaves out what
-- the old and the new row have in common at either end, here most of it. `state` begins with what seldom
-- changes, and the upper bytes of `version`, which come last, hardly ever do.
create table session_ledger.session (
    session_id          uuid        not null,
    started_at          timestamptz not null,
    authenticated_at    timestamptz,
    absolute_deadline   timestamptz,
    superseded_until    timestamptz,
    idle_timeout        integer,                -- seconds
    superseded_accepted boolean,
    user_id             text,
    superseded_hash     bytea,                  -- of the token before, as below, while it may still come in
    token_hash          session_ledger.sha256 not null,   -- SHA-256 of the token's secret
    client_ip           inet,                   -- the client of the latest event that names one
    user_agent          text,
    state               bytea       not null,
    head_hash           bytea       not null,   -- the chain up to the last event
    changed_at          timestamptz not null,   -- when the last event occurred
    version             bigint      not null,
    resend              bytea,                  -- the new secret, sealed, for a late request; not derived
    constraint a_session_is_live_once primary key (session_id)
) with (fillfactor = 80);

-- Changes at login alone.
create index session_by_user on session_ledger.session (user_id) where user_id is not null;
