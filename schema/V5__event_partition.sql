-- Partitions of the log: one a month, made ahead of time, and one for whatever falls outside them.

-- The smallest UUIDv7 of a session that starts at the given moment.
create function session_ledger.first_session_id(started_at timestamptz) returns uuid
    language sql immutable strict parallel safe
    return (lpad(to_hex(floor(extract(epoch from started_at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

-- Makes the partition of the month that holds the given moment, unless it is there; says whether it did. A
-- month of which sessions have gone to `event_otherwise` already stays there: PostgreSQL refuses a partition
-- that would take rows from that one, and an event is never moved.
create function session_ledger.create_event_partition(moment timestamptz) returns boolean
    language plpgsql
as $$
declare
    month_start timestamptz := date_trunc('month', moment, 'UTC');
    month_end   timestamptz := date_trunc('month', date_trunc('month', moment, 'UTC') + interval '32 days', 'UTC');
    first_id    uuid := session_ledger.first_session_id(month_start);
    end_id      uuid := session_ledger.first_session_id(month_end);
    partition   text := 'event_' || to_char(month_start at time zone 'UTC', 'YYYY_MM');
begin
    if to_regclass('session_ledger.' || partition) is not null
       or exists (
           select from session_ledger.event_otherwise where session_id >= first_id and session_id < end_id
       )
    then
        return false;
    end if;
    execute format(
        'create table session_ledger.%I partition of session_ledger.event for values from (%L) to (%L)',
        partition,
        first_id,
        end_id
    );
    -- A statement's trigger is not inherited.
    execute format(
        'create trigger the_log_is_never_emptied before truncate on session_ledger.%I
            for each statement execute function session_ledger.refuse_rewrite()',
        partition
    );
    return true;
end
$$;

-- Makes the partitions from this month on for so many months ahead; says how many it made.
create function session_ledger.create_event_partitions(months_ahead integer) returns integer
    language sql
as $$
    select count(*)::integer
      from generate_series(0, months_ahead) as month,
           session_ledger.create_event_partition(session_ledger.clock() + month * interval '1 month') as made
     where made
$$;

-- A session whose id lies outside all months (a wrong clock, a forgotten migration) must still be served.
create table session_ledger.event_otherwise partition of session_ledger.event default;

create trigger the_log_is_never_emptied
    before truncate on session_ledger.event_otherwise
    for each statement execute function session_ledger.refuse_rewrite();
