-- Who was signed in, from where and by what proof: the events that say so, in columns that SQL can read.
-- Derived from the log, as `session` is.
--
-- A row is a login, a re-authentication, the beginning or the end of acting as somebody else. It is never
-- changed: a login lasts until the next one of its session, or until its session's row in `ended_session`. So
-- the application only inserts, and an insert reads nothing: under SERIALIZABLE it conflicts with no other
-- session. To look a login up and close it would read a page of an index, to which other sessions' logins
-- write. No request reads this table, so unlike `session` it may be small.
create table session_ledger.login_step (
    session_id  uuid        not null,
    version     bigint      not null,   -- of the event
    occurred_at timestamptz not null,
    assurance   smallint,               -- 1, 2 or 3, of NIST SP 800-63B; null where nothing is proved
    kind        text        not null,   -- of the event
    user_id     text,                   -- whom the session acts as from then on
    actor       text,                   -- who acts, where that is not `user_id`
    methods     text[]      not null,   -- how the user proved who they are, by RFC 8176 where that fits
    client_ip   inet,                   -- as the event says it
    user_agent  text,                   -- empty beside no address: neither was known
    constraint a_login_step_is_an_event primary key (session_id, version)
);

create index login_step_by_user on session_ledger.login_step (user_id, occurred_at);
create index login_step_by_time on session_ledger.login_step (occurred_at);
create index login_step_by_address on session_ledger.login_step (client_ip, occurred_at) where client_ip is not null;

-- Views for people: psql, reports, BI tools. `session_ledger_analyst` may read them and nothing else. They
-- show no hash, no token and no value of a session, and no request uses them. They compare with the time of
-- the statement, as a clock that may change within it would keep PostgreSQL from looking through the views.

-- Sessions that have not ended. `deadline` is when the session's own limits end it, null if it has none;
-- limits that only the application's policy knows are not counted. `is_over`: it has passed, and nobody has
-- come to notice.
create view session_ledger.live_session as
select session_id,
       user_id,
       version,
       started_at,
       authenticated_at,
       last_seen,
       least(idle_deadline, absolute_deadline) as deadline,
       case
           when idle_deadline <= coalesce(absolute_deadline, 'infinity') then 'idle_timeout'
           when absolute_deadline is not null then 'absolute_timeout'
       end as deadline_reason,
       coalesce(least(idle_deadline, absolute_deadline) <= statement_timestamp(), false) as is_over,
       client_ip,
       user_agent
  from (
      select s.session_id,
             s.user_id,
             s.version,
             s.started_at,
             s.authenticated_at,
             greatest(s.changed_at, a.last_seen) as last_seen,
             greatest(s.changed_at, a.last_seen) + make_interval(secs => s.idle_timeout) as idle_deadline,
             s.absolute_deadline,
             s.client_ip,
             nullif(s.user_agent, '') as user_agent
        from session_ledger.session as s
        left join session_ledger.activity as a on a.session_id = s.session_id
  ) as session;

-- Sessions that have ended. `ended_at` of a session whose time was over is its true deadline; `noticed_at` is
-- when somebody came and the end was recorded.
create view session_ledger.session_end as
select session_id,
       user_id,
       started_at,
       authenticated_at,
       last_seen,
       ended_at,
       (
           select recorded_at
             from session_ledger.event
            where event.session_id = ended_session.session_id
              and event.version = ended_session.version
       ) as noticed_at,
       reason,
       ended_by,
       client_ip,
       nullif(user_agent, '') as user_agent
  from session_ledger.ended_session;

-- Logins: who was signed in, how they proved it, from where, from when to when, and why that ended. A login
-- ends with the next one of its session (`logged_in_again`, or `user_switched`), or with the session. One
-- whose session's time is over has ended, also if nobody has noticed. `deadline` is that of the session.
--
-- The tables are joined side by side and not by way of `live_session`: so PostgreSQL looks up the sessions of
-- a few logins, and leaves out the tables of which nobody asks a column.
create view session_ledger.login as
select session_id,
       version,
       user_id,
       methods,
       assurance,
       client_ip,
       user_agent,
       began_at,
       coalesce(
           later_at,
           session_ended_at,
           case
               when least(idle_deadline, absolute_deadline) <= statement_timestamp()
               then least(idle_deadline, absolute_deadline)
           end
       ) as ended_at,
       case
           when later_user = user_id then 'logged_in_again'
           when later_at is not null then 'user_switched'
           when session_ended_at is not null then reason
           when least(idle_deadline, absolute_deadline) > statement_timestamp() then null
           when idle_deadline <= coalesce(absolute_deadline, 'infinity') then 'idle_timeout'
           when absolute_deadline is not null then 'absolute_timeout'
       end as end_reason,
       case when later_at is null then ended_by end as ended_by,
       last_seen,
       case when later_at is null then least(idle_deadline, absolute_deadline) end as deadline
  from (
      select step.session_id,
             step.version,
             step.user_id,
             step.methods,
             step.assurance,
             step.client_ip,
             nullif(step.user_agent, '') as user_agent,
             step.occurred_at as began_at,
             later.occurred_at as later_at,
             later.user_id as later_user,
             e.ended_at as session_ended_at,
             e.reason,
             e.ended_by,
             coalesce(e.last_seen, greatest(s.changed_at, a.last_seen)) as last_seen,
             greatest(s.changed_at, a.last_seen) + make_interval(secs => s.idle_timeout) as idle_deadline,
             s.absolute_deadline
        from session_ledger.login_step as step
        left join lateral (
            select occurred_at, user_id
              from session_ledger.login_step
             where session_id = step.session_id
               and version > step.version
               and kind = 'logged_in'
             order by version
             limit 1
        ) as later on true
        left join session_ledger.ended_session as e on e.session_id = step.session_id
        left join session_ledger.session as s on s.session_id = step.session_id
        left join session_ledger.activity as a on a.session_id = s.session_id
       where step.kind = 'logged_in'
  ) as known;

-- Impersonations: who (`impersonator`) acted as whom (`user_id`), from when to when. One ends when it is
-- ended, with the next one, with another login, or with the session.
create view session_ledger.impersonation as
select session_id,
       version,
       user_id,
       impersonator,
       client_ip,
       user_agent,
       began_at,
       coalesce(
           later_at,
           session_ended_at,
           case when deadline <= statement_timestamp() then deadline end
       ) as ended_at
  from (
      select step.session_id,
             step.version,
             step.user_id,
             step.actor as impersonator,
             step.client_ip,
             nullif(step.user_agent, '') as user_agent,
             step.occurred_at as began_at,
             later.occurred_at as later_at,
             e.ended_at as session_ended_at,
             least(
                 greatest(s.changed_at, a.last_seen) + make_interval(secs => s.idle_timeout),
                 s.absolute_deadline
             ) as deadline
        from session_ledger.login_step as step
        left join lateral (
            select occurred_at
              from session_ledger.login_step
             where session_id = step.session_id
               and version > step.version
               and kind <> 'reauthenticated'
             order by version
             limit 1
        ) as later on true
        left join session_ledger.ended_session as e on e.session_id = step.session_id
        left join session_ledger.session as s on s.session_id = step.session_id
        left join session_ledger.activity as a on a.session_id = s.session_id
       where step.kind = 'impersonation_started'
  ) as known;

-- All events, with what SQL can read of them. `client_ip` and `user_agent` are those that the event says:
-- none means as in the session's event before. Of a login or a re-authentication also how it was proved, of
-- an end why. To ask for a time span, ask by `recorded_at`, which has an index, or by `session_id`.
create view session_ledger.session_event as
select event.session_id,
       event.version,
       event.event_id,
       event.kind,
       event.user_id,
       event.actor,
       step.methods,
       step.assurance,
       ended.reason as end_reason,
       event.client_ip,
       nullif(event.user_agent, '') as user_agent,
       event.occurred_at,
       event.recorded_at,
       event.position
  from session_ledger.event
  left join session_ledger.login_step as step
    on step.session_id = event.session_id and step.version = event.version
  left join session_ledger.ended_session as ended
    on ended.session_id = event.session_id and ended.version = event.version;
