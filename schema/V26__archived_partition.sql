-- The months of the log that were exported to an archive, and dropped: see `projector archive`.
--
-- The rows that were derived from their events stay in `ended_session` and `login_step`, until they are past
-- their own limits. This table says that they are no rows without events, but rows of events that are kept
-- elsewhere: a verification does not miss the events, and a rebuild leaves the rows alone.
create table session_ledger.archived_partition (
    partition   text        not null,   -- the name that the table had
    first_id    uuid        not null,   -- the sessions whose events it held: from this id on
    end_id      uuid        not null,   -- and below this one
    events      bigint      not null,
    sessions    bigint      not null,
    file_hash   session_ledger.sha256 not null,   -- SHA-256 of the file that holds them now
    archived_at timestamptz not null default session_ledger.clock(),
    constraint a_partition_is_archived_once primary key (partition)
);

-- How many of the events that were delivered are in an archive. A verification counts what is before the
-- cursor in the log, and the checkpoints have counted these as well.
alter table session_ledger.subscription add column archived bigint not null default 0;

-- Whether the events of a session were archived. A session that has the id of an archived month, and events
-- in the log nevertheless, started later by a wrong clock.
create function session_ledger.is_archived(session uuid) returns boolean
    language sql stable parallel safe
    return exists (
               select from session_ledger.archived_partition as archived
                where session >= archived.first_id and session < archived.end_id
           )
           and not exists (select from session_ledger.event where event.session_id = session);

-- The names of the subscriptions that have not had all events of a span of session ids.
create function session_ledger.followers_behind(first_id uuid, end_id uuid) returns text[]
    language sql stable parallel safe
    return array(
        select name
          from session_ledger.subscription as follower
         where exists (
                   select from session_ledger.event
                    where event.session_id >= first_id
                      and event.session_id < end_id
                      and event.epoch > follower.epoch
               )
            or exists (
                   select from session_ledger.event
                    where event.session_id >= first_id
                      and event.session_id < end_id
                      and event.epoch = follower.epoch
                      and event.transaction_id >= pg_snapshot_xmin(follower.cursor)
                      and not pg_visible_in_snapshot(event.transaction_id, follower.cursor)
               )
         order by name
    );

-- Drops a month of the log that was exported, and says so above, in one transaction: whenever it is cut
-- short, the month is there as it was. It makes sure that what is dropped is what was exported: nobody can
-- append meanwhile, and an event is never changed. It needs the table's owner. For the last step every user
-- of the whole log must be away for a moment.
create function session_ledger.drop_event_partition(
    partition text, first_id uuid, end_id uuid, exported_events bigint, exported_sessions bigint, file_hash bytea
) returns void
    language plpgsql
as $$
declare
    found_events   bigint;
    found_sessions bigint;
    behind         text[];
begin
    execute format('lock table session_ledger.%I in share mode', partition);
    execute format('select count(*), count(distinct session_id) from session_ledger.%I', partition)
       into found_events, found_sessions;
    if found_events <> exported_events or found_sessions <> exported_sessions then
        raise exception 'partition % holds % events of % sessions, and % events of % sessions were exported',
            partition, found_events, found_sessions, exported_events, exported_sessions
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if exists (
        select from session_ledger.session as s
         where s.session_id >= drop_event_partition.first_id and s.session_id < drop_event_partition.end_id
    ) then
        raise exception 'a session of partition % is live', partition
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    behind := session_ledger.followers_behind(first_id, end_id);
    if cardinality(behind) > 0 then
        raise exception 'subscriptions % have not had all events of partition %', behind, partition
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    insert into session_ledger.archived_partition (partition, first_id, end_id, events, sessions, file_hash)
    values (partition, first_id, end_id, exported_events, exported_sessions, file_hash);
    update session_ledger.subscription set archived = archived + exported_events;
    execute format('alter table session_ledger.event detach partition session_ledger.%I', partition);
    execute format('drop table session_ledger.%I', partition);
end
$$;
