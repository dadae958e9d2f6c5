-- Who was signed in at a moment: sessions by their start, as far back as the answer may reach.
--
-- A session that is live may have started at any time, and each is an answer. Of those that have ended, most
-- ended long before the moment. So they are in classes by their length, each with four times the length of
-- the one before: under 4 s, under 16 s and so on, the last without a limit. A session of a class that
-- lasted at the moment started at most that long before, and of those that started then a good part lasted.
-- `sql/signed_in.sql` asks class after class.
--
-- No request changes these columns: a login adds an entry, and so does an end.
create index session_by_start on session_ledger.session (started_at, session_id) where user_id is not null;

create index ended_session_by_length on session_ledger.ended_session (
    width_bucket(
        extract(epoch from ended_at - started_at),
        '{4,16,64,256,1024,4096,16384,65536,262144,1048576,4194304,16777216,67108864}'
    ),
    started_at,
    session_id
) where user_id is not null;
