-- The one clock by which sessions are judged: the database's. Tests replace it in a database of their own.
create function session_ledger.clock() returns timestamptz
    language sql volatile parallel safe
    return clock_timestamp();
