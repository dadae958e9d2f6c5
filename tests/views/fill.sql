-- A log of the given number of events, ten in each session, spread over the hours before now: most sessions
-- log in, nine of ten have ended. Neither payloads nor chains are real: the views read neither.
create temp table one as
select session_ledger.first_session_id(started_at)::text::uuid as base,
       (left(session_ledger.first_session_id(started_at)::text, 14) || '7' || substr(md5(n::text), 1, 3) || '-8'
            || substr(md5(n::text), 4, 3) || '-' || substr(md5(n::text), 7, 12))::uuid as session_id,
       n,
       started_at,
       case when n % 4 > 0 then 'user ' || n % (:events / 100) end as user_id,
       ('10.' || n % 200 || '.' || n / 200 % 200 || '.7')::inet as client_ip,
       case when n % 10 > 0 then (array['logged_out', 'idle_timeout', 'absolute_timeout', 'revoked'])[1 + n % 3 + (n % 1000 = 9)::int] end as reason
  from generate_series(1, :events / 10) as n,
       lateral (select now() - interval '20 hours' + n * interval '20 hours' / (:events / 10) as started_at) as start;

insert into session_ledger.event (
    session_id, version, event_id, kind, shape, user_id, client_ip, user_agent, occurred_at, recorded_at, transaction_id, hash, payload
)
select session_id,
       version,
       gen_random_uuid(),
       case
           when version = 1 then 'started'
           when version = 2 and user_id is not null then 'logged_in'
           when version = 10 and reason is not null then 'ended'
           else 'value_set'
       end,
       1,
       user_id,
       case when version < 3 then client_ip end,
       case when version < 3 then 'Mozilla/5.0' end,
       started_at + version * interval '1 second',
       started_at + version * interval '1 second',
       (1000 + n)::text::xid8,
       sha256(''),
       '\x00010203040506070809'
  from one, generate_series(1, 10) as version
 order by n;

insert into session_ledger.login_step (
    session_id, version, occurred_at, kind, user_id, methods, assurance, client_ip, user_agent
)
select session_id, 2, started_at + interval '2 seconds', 'logged_in', user_id, '{pwd}', 1, client_ip, 'Mozilla/5.0'
  from one
 where user_id is not null;

insert into session_ledger.session (
    session_id, version, started_at, changed_at, authenticated_at, idle_timeout, token_hash, head_hash, user_id,
    client_ip, user_agent, state
)
select session_id, 10, started_at, started_at + interval '10 seconds', started_at, 600 * (n % 1000), sha256(''),
       sha256(''), user_id, client_ip, 'Mozilla/5.0', '\x04'
  from one
 where reason is null;

insert into session_ledger.ended_session (
    session_id, version, started_at, ended_at, last_seen, authenticated_at, reason, user_id, client_ip, user_agent, head_hash
)
select session_id, 10, started_at, started_at + interval '10 seconds', started_at, started_at, reason, user_id, client_ip,
       'Mozilla/5.0', sha256('')
  from one
 where reason is not null;

insert into session_ledger.activity select session_id, started_at from one where reason is null;

insert into session_ledger.failed_login (event_id, failed_at, user_id, reason, client_ip, user_agent)
select gen_random_uuid(), started_at, user_id, (array['wrong_secret', 'locked'])[1 + n % 2], client_ip, 'Mozilla/5.0'
  from one;
