-- When a session was last seen, coarsely. Not a fact of the log: updated in place, outside SERIALIZABLE, and
-- never part of a fold. The only such table.
create table session_ledger.activity (
    session_id uuid        not null,
    last_seen  timestamptz not null,
    constraint a_session_was_last_seen_once primary key (session_id)
) with (fillfactor = 75);
