-- Which session the cookie of a poem session leads to. A row outlives its session for a while: it keeps a request
-- that comes late from beginning the session again.
create table if not exists poem_session (
    -- SHA-256 of the cookie's id: nobody who reads the table can make a cookie of it.
    id_hash bytea primary key constraint a_hash_has_32_bytes check (octet_length(id_hash) = 32),
    -- A session of session_ledger; no foreign key, as its row moves when it ends.
    session_id uuid not null
);
