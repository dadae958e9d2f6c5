-- The log: what happened to each session. Append-only.
--
-- Partitioned by session id. Ids are UUIDv7, which sort by the time their session started, so a partition
-- holds the sessions started in a span, a stream never straddles two, and a partition whose sessions must
-- all have ended can be dropped whole.

-- CACHE 1: with more, a connection could draw a position before another's and commit after it, and the
-- positions of one session would no longer rise with its versions.
create sequence session_ledger.event_position as bigint cache 1;

-- Domains rather than constraints of the table: those PostgreSQL would parse anew for every insert.
create domain session_ledger.version as bigint
    constraint versions_start_at_one check (value >= 1);
create domain session_ledger.sha256 as bytea
    constraint a_hash_has_32_bytes check (octet_length(value) = 32);

create table session_ledger.event (
    session_id      uuid        not null,
    event_id        uuid        not null,   -- made by the client: the deduplication id for brokers
    version         session_ledger.version not null,   -- 1, 2, 3 ... within the session
    position        bigint      not null default nextval('session_ledger.event_position'),
    transaction_id  xid8        not null default pg_current_xact_id(),
    occurred_at     timestamptz not null,   -- the database's clock as the request read it; what the fold uses
    recorded_at     timestamptz not null default clock_timestamp(),   -- the database's own witness
    epoch           smallint    not null default 1,   -- grows when the database is restored: `V13__epoch.sql`
    shape           smallint    not null,   -- the layout number of the payload
    kind            text        not null,
    user_id         text,
    actor           text,                   -- who did it, where that is not the session's user
    client_ip       inet,                   -- both null: as in the last event that names a client
    user_agent      text,                   -- empty beside no address: neither was known
    hash            session_ledger.sha256 not null,   -- SHA-256 of the previous hash and this row
    payload         bytea       not null,   -- postcard
    constraint a_version_is_recorded_once primary key (session_id, version)
) partition by range (session_id);

-- The feed goes by transactions, whose ids may start again with an epoch. Positions would make each entry
-- larger, and the feed sorts a batch anyway.
create index event_by_transaction on session_ledger.event (epoch, transaction_id);

-- From which device was a session used? Only the facts about devices are in it: where there are no device
-- cookies, it is empty.
create index event_by_device on session_ledger.event (session_id, version)
    where kind = 'device_seen';

-- In which sessions did somebody act as this user? Only the beginnings of impersonations are in it.
create index event_by_impersonated on session_ledger.event (user_id, session_id desc)
    where kind = 'impersonation_started';

-- When was what recorded, across all sessions? A partition grows in the order of that time, so a few bytes
-- for each 128 pages do, and an append writes nothing to them.
create index event_by_time on session_ledger.event using brin (recorded_at) with (autosummarize = on);
