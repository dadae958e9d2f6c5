-- Lets addresses and browsers leave the log before its months do, with the chain of hashes as it was.

-- An event once recorded is never changed, but for its client: that may be taken out, for good, against the
-- digest that the chain has of it. The grants say so to the application; this says so to everybody.
create or replace function session_ledger.refuse_rewrite() returns trigger
    language plpgsql
as $$
declare
    redacted record;
begin
    if tg_op = 'UPDATE' then
        redacted := old;
        redacted.client_ip := null;
        redacted.user_agent := null;
        redacted.client_proof := session_ledger.client_digest(old.client_proof, old.client_ip, old.user_agent);
        if octet_length(old.client_proof) = 16 and new is not distinct from redacted then
            return new;
        end if;
    end if;
    raise exception 'the log is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'restrict_violation',
              hint = 'Events past their retention go by dropping their partition, '
                     'clients by `projector retain --clients`.';
end
$$;

-- The digest of a client that the chain covers: SHA-256 of the salt, the address with its length, and the
-- browser behind an equals sign. The library computes the same (`session/client_proof.rs`). `inet_send`
-- gives three bytes, then the length and the address.
create function session_ledger.client_digest(salt bytea, client_ip inet, user_agent text) returns bytea
    language sql immutable parallel safe
    return sha256(
        salt
        || coalesce(substring(inet_send(client_ip) from 4), '\x00'::bytea)
        || coalesce(convert_to('=' || user_agent, 'UTF8'), ''::bytea)
    );

-- 16 bytes: a salt, while the client is there. 32 bytes: the digest of a client that was taken out. Null: no
-- client is said; or an older version wrote the event, whose client stands in the chain as it is. A domain
-- that says so would make PostgreSQL write the whole log anew.
alter table session_ledger.event add column client_proof bytea;
