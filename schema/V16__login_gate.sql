-- Gates that logins pass. Each user has one of them, which may be others' gate as well.
--
-- PostgreSQL's SERIALIZABLE would let a login commit that has not seen what another transaction says of its
-- user, in an order that no lock upholds. So a login locks its user's gate in share mode. Whoever counts a
-- user's sessions, ends all of them or disables the account changes the gate. They wait for each other, and
-- whoever has not seen the change fails (40001) and runs again.
--
-- A gate for each user would be a row to be made at a login, and an upsert.
create table session_ledger.login_gate (
    gate   integer not null,   -- hashtext of the user, its last 10 bits
    passed bigint  not null default 0,   -- how often it was changed; the number has no meaning
    constraint a_gate_stands_once primary key (gate)
) with (fillfactor = 20);

-- Puts up the gates that are missing.
create function session_ledger.place_gates() returns void
    language sql
begin atomic
    insert into session_ledger.login_gate (gate)
    select gate from generate_series(0, 1023) as gate
        on conflict (gate) do nothing;
end;

select session_ledger.place_gates();
