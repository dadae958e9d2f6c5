-- Prepares the filling: the ids of the sessions as a function of their numbers, so that a client can visit
-- any of ten million without a list of them; the events of a real session to be copied; and the application's
-- own table.
-- No row: it returns none.
create schema growth;

-- The UUIDv7 of the nth session: its random bits are the first of the SHA-256 of n.
create function growth.session_id(n bigint, start_us bigint, step_us bigint) returns uuid
    language sql immutable parallel safe
    return (
        lpad(to_hex((start_us + n * step_us) / 1000), 12, '0')
        || overlay(overlay(substr(encode(sha256(int8send(n)), 'hex'), 1, 20) placing '7' from 1 for 1) placing '8' from 5 for 1)
    )::uuid;

create function growth.started_at(n bigint, start_us bigint, step_us bigint) returns timestamptz
    language sql immutable parallel safe
    return timestamptz '1970-01-01 00:00:00+00' + (start_us + n * step_us) * interval '1 microsecond';

-- Takes transaction ids that no transaction of the log has, up to a given one, for filled events. Each block
-- of a loop that writes is a subtransaction, with an id of its own.
create unlogged table growth.spent (n integer);
create procedure growth.spend_transaction_ids(until bigint)
    language plpgsql
as $$
begin
    while pg_current_xact_id()::text::bigint < until loop
        for n in 1 .. least(50000, until - pg_current_xact_id()::text::bigint) loop
            begin
                insert into growth.spent values (n);
            exception
                when division_by_zero then null;
            end;
        end loop;
        truncate growth.spent;
        commit;
    end loop;
end
$$;

-- Stage 1, 2, 3: started, logged in, changed (and changed again, as often as asked for); stage 0: ended.
create table growth.template as
select version::bigint as stage, kind, shape, user_id is not null as has_user, payload, client_ip, user_agent
  from session_ledger.event
  with no data;

create table purchase (
    purchase_id bigint generated always as identity primary key,
    session_id  uuid not null,
    item        text not null
);

-- Makes the partition of a month that is over.
create or replace function growth.create_partition(moment timestamptz) returns void
    language plpgsql
as $$
begin
    if session_ledger.make_event_partition(moment) then
        perform session_ledger.attach_event_partition(moment);
    end if;
end
$$;
