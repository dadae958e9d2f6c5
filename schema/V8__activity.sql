-- When a session was last seen, coarsely. Not a fact of the log: updated in place, outside SERIALIZABLE, and
-- never part of a fold. The only such table.
create table session_ledger.activity (
    session_id uuid        not null,
    last_seen  timestamptz not null,
    constraint a_session_was_last_seen_once primary key (session_id)
) with (fillfactor = 75, vacuum_truncate = off);

-- PostgreSQL rather reads a table of a few pages than its index, and keeps to that plan while the table grows, until
-- somebody counts its rows anew: each load then reads all of it. So it has more than a few pages from the start, and
-- keeps them.
insert into session_ledger.activity select gen_random_uuid(), '-infinity' from generate_series(1, 3000);
delete from session_ledger.activity;
