-- For which session is this transaction? An application that asks for it (`SessionsBuilder::provenance`) has
-- each request's transaction know its session and user, for column defaults, row level security and audits by
-- trigger. Null in any other transaction, and for a visitor without a session.
--
-- It is provenance and no wall: whoever can send statements of their own, as by SQL injection, can set these
-- settings too.
--
-- The settings end with the transaction, so a pooler may give the connection to somebody else. Once one has
-- been set, PostgreSQL says '' where it is not.

-- The session that the request's browser holds.
create function session_ledger.current_session() returns uuid
    language sql stable parallel safe
    return nullif(current_setting('session_ledger.session_id', true), '')::uuid;

-- The user whom the session acts as: the one who is signed in, or the one whom they impersonate.
create function session_ledger.current_user_id() returns text
    language sql stable parallel safe
    return nullif(current_setting('session_ledger.user_id', true), '');

-- Who acts, where that is not `current_user_id`: the signed-in user while they impersonate another. The same
-- as the `actor` of events.
create function session_ledger.current_actor_id() returns text
    language sql stable parallel safe
    return nullif(current_setting('session_ledger.actor_id', true), '');
