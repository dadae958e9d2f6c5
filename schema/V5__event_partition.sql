-- Partitions of the log: one a month, made ahead of time, and one for whatever falls outside them.
--
-- A partition is made while applications work. So it is made in three steps, each a transaction of its own:
-- a table of its own, which nobody else uses; a check of `event_otherwise`, which locks nobody out; and the
-- step that makes the table a partition. For that one every reader of the whole log must be away for a
-- moment, but those who write need not.

-- The smallest UUIDv7 of a session that starts at the given moment.
create function session_ledger.first_session_id(started_at timestamptz) returns uuid
    language sql immutable strict parallel safe
    return (lpad(to_hex(floor(extract(epoch from started_at) * 1000)::bigint), 12, '0') || '00000000000000000000')::uuid;

-- The month that holds the given moment: the name of its partition, its first session id, and the first that
-- comes after it.
create function session_ledger.month_of(moment timestamptz, out partition text, out first_id uuid, out end_id uuid)
    language sql immutable strict parallel safe
as $$
    select 'event_' || to_char(month_start at time zone 'UTC', 'YYYY_MM'),
           session_ledger.first_session_id(month_start),
           session_ledger.first_session_id(date_trunc('month', month_start + interval '32 days', 'UTC'))
      from date_trunc('month', moment, 'UTC') as month_start
$$;

-- Step 1. Makes the table of a month, unless the log has it already; says whether steps 2 and 3 are due. A
-- month of which sessions have gone to `event_otherwise` already stays there: PostgreSQL refuses a partition
-- that would take rows from that one, and an event is never moved.
create function session_ledger.make_event_partition(moment timestamptz) returns boolean
    language plpgsql
as $$
declare
    month record := session_ledger.month_of(moment);
    made  regclass := to_regclass('session_ledger.' || month.partition);
begin
    if exists (select from pg_catalog.pg_inherits where inhrelid = made)
       or exists (
           select from session_ledger.event_otherwise where session_id >= month.first_id and session_id < month.end_id
       )
    then
        return false;
    end if;
    -- A table that is there without being a partition is left from a migration that was held up.
    if made is null then
        execute format(
            'create table session_ledger.%I (like session_ledger.event including all)',
            month.partition
        );
        -- A statement's trigger is not inherited. The other one comes with step 3.
        execute format(
            'create trigger the_log_is_never_emptied before truncate on session_ledger.%I
                for each statement execute function session_ledger.refuse_rewrite()',
            month.partition
        );
    end if;
    -- PostgreSQL looks through `event_otherwise` for rows of the new partition while nobody may write there,
    -- unless a constraint says that there are none. While the constraint is there, a session of that month is
    -- refused. So the present month does without.
    if month.first_id > session_ledger.first_session_id(session_ledger.clock())
       and pg_relation_size('session_ledger.event_otherwise') > 0
       and not exists (
           select from pg_catalog.pg_constraint
            where conrelid = 'session_ledger.event_otherwise'::regclass and conname = 'not_in_' || month.partition
       )
    then
        execute format(
            'alter table session_ledger.event_otherwise add constraint %I check (session_id < %L or session_id >= %L) not valid',
            'not_in_' || month.partition,
            month.first_id,
            month.end_id
        );
    end if;
    return true;
end
$$;

-- Step 2. Makes sure of the constraint of step 1, if it is there. This reads `event_otherwise`, and takes as
-- long as it takes.
create function session_ledger.check_event_otherwise(moment timestamptz) returns void
    language plpgsql
as $$
declare
    is_absent constant text := 'not_in_' || (session_ledger.month_of(moment)).partition;
begin
    if exists (
        select from pg_catalog.pg_constraint
         where conrelid = 'session_ledger.event_otherwise'::regclass and conname = is_absent
    ) then
        execute format('alter table session_ledger.event_otherwise validate constraint %I', is_absent);
    end if;
end
$$;

-- Step 3. Makes the table a partition.
create function session_ledger.attach_event_partition(moment timestamptz) returns void
    language plpgsql
as $$
declare
    month record := session_ledger.month_of(moment);
begin
    execute format(
        'alter table session_ledger.event attach partition session_ledger.%I for values from (%L) to (%L)',
        month.partition,
        month.first_id,
        month.end_id
    );
    execute format('alter table session_ledger.event_otherwise drop constraint if exists %I', 'not_in_' || month.partition);
end
$$;

-- A session whose id lies outside all months (a wrong clock, a forgotten migration) must still be served.
create table session_ledger.event_otherwise partition of session_ledger.event default;

create trigger the_log_is_never_emptied
    before truncate on session_ledger.event_otherwise
    for each statement execute function session_ledger.refuse_rewrite();
