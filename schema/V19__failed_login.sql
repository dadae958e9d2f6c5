-- Logins that failed: who was tried, from where, and why it was refused (OWASP: authn_login_fail).
--
-- There is no session yet, or it is a visitor's, and the request is often answered 401 and rolled back. So
-- these rows are no events and derived from none: they are written by a statement of their own, a rebuild
-- leaves them alone, and no end of a session deletes them. Whoever keeps them for a limited time deletes the
-- older ones as the owner: no role of ours may.
--
-- The secret that was tried is never here. The user id may be anything that a visitor has typed.
create table session_ledger.failed_login (
    failed_at  timestamptz not null default session_ledger.clock(),   -- when it was recorded, just afterwards
    left_out   bigint      not null default 0,   -- how many its process could not record before it
    event_id   uuid        not null,   -- made by the client
    session_id uuid,                   -- the session of the browser, where it had one
    user_id    text,                   -- as it was tried, cut to size; null where that is not told
    reason     text        not null,
    client_ip  inet,
    user_agent text,
    constraint a_failed_login_is_recorded_once primary key (event_id)
);

create index failed_login_by_time on session_ledger.failed_login (failed_at);
create index failed_login_by_user on session_ledger.failed_login (user_id, failed_at) where user_id is not null;
create index failed_login_by_address on session_ledger.failed_login (client_ip, failed_at)
    where client_ip is not null;

-- The same for people, as the other views of `V15__login.sql`.
create view session_ledger.login_failure as
select failed_at, user_id, reason, client_ip, user_agent, session_id, left_out, event_id
  from session_ledger.failed_login;
