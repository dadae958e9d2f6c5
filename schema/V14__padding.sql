-- PostgreSQL would rather read a table of a few pages as a whole than search its index, and it keeps to that
-- plan while the table grows, until somebody counts its rows anew. Within SERIALIZABLE such a scan conflicts
-- with every change of any session. So the tables in which requests look sessions up have more than a few
-- pages from the start, and keep them.

alter table session_ledger.session set (vacuum_truncate = off);
alter table session_ledger.activity set (vacuum_truncate = off);

-- Gives `session` pages where it has few: at first, and after what takes pages away (a rebuild, a restored
-- dump, VACUUM FULL). The rows that do so are gone with the same transaction: nobody sees them.
create function session_ledger.pad_sessions() returns void
    language plpgsql
as $$
begin
    if pg_relation_size('session_ledger.session') < 32 * current_setting('block_size')::bigint then
        insert into session_ledger.session (session_id, started_at, token_hash, state, head_hash, changed_at, version)
        select gen_random_uuid(), '-infinity', sha256(''), decode(repeat('00', 1800), 'hex'), '', '-infinity', 1
          from generate_series(1, 100);
        delete from session_ledger.session where started_at = '-infinity';
    end if;
end
$$;

-- As `pad_sessions`, for `activity`.
create function session_ledger.pad_activity() returns void
    language plpgsql
as $$
begin
    if pg_relation_size('session_ledger.activity') < 32 * current_setting('block_size')::bigint then
        insert into session_ledger.activity
        select gen_random_uuid(), '-infinity' from generate_series(1, 4000);
        delete from session_ledger.activity where last_seen = '-infinity';
    end if;
end
$$;
