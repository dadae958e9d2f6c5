-- Sums up the rows of a range of sessions in each table of the projection, so that none of them need be
-- fetched: SHA-256 over the SHA-256 of each row, in order. A row is hashed in PostgreSQL's binary form of a
-- record, in which each value says its type and its length; `sums.rs` makes the same bytes of the rows that
-- the log makes. A cast makes the plain type of a domain. No more rows are looked at than are asked for: with
-- one row more than the log makes, the sums differ whatever it holds.
--
-- `resend` is not derived. It is counted where it does not belong: it is kept for an offered token alone, in
-- 81 bytes of which the first is 1 (`token/frame.rs`).
-- No row: never happens.
-- Parameters: $1 first and $2 last session (uuid), the most rows: $3 live, $4 ended, $5 steps of logins
--             (bigint), $6 the sessions with an offered token (uuid[])
select live.sum as live, live.wrong_resends, ended.sum as ended, logins.sum as logins
  from (
      select sha256(
                 coalesce(
                     string_agg(
                         sha256(
                             record_send(
                                 row(
                                     session_id, version, started_at, changed_at, authenticated_at, absolute_deadline,
                                     superseded_until, idle_timeout, superseded_accepted, token_hash::bytea,
                                     superseded_hash, head_hash, user_id, client_ip, user_agent, state
                                 )
                             )
                         ),
                         ''::bytea
                         order by session_id
                     ),
                     ''::bytea
                 )
             ) as sum,
             count(*) filter (
                 where resend is not null
                   and not (session_id = any($6) and octet_length(resend) = 81 and substr(resend, 1, 1) = '\x01'::bytea)
             ) as wrong_resends
        from (
            select *
              from session_ledger.session
             where session_id >= $1
               and session_id <= $2
             order by session_id
             limit $3
        ) as one
  ) as live
 cross join (
      select sha256(
                 coalesce(
                     string_agg(
                         sha256(
                             record_send(
                                 row(
                                     session_id, version, started_at, ended_at, last_seen, authenticated_at, reason,
                                     user_id, client_ip, user_agent, head_hash, ended_by
                                 )
                             )
                         ),
                         ''::bytea
                         order by session_id
                     ),
                     ''::bytea
                 )
             ) as sum
        from (
            select *
              from session_ledger.ended_session
             where session_id >= $1
               and session_id <= $2
               and not session_ledger.is_archived(session_id)
             order by session_id
             limit $4
        ) as one
  ) as ended
 cross join (
      select sha256(
                 coalesce(
                     string_agg(
                         sha256(
                             record_send(
                                 row(
                                     session_id, version, occurred_at, kind, user_id, actor, methods, assurance, client_ip,
                                     user_agent
                                 )
                             )
                         ),
                         ''::bytea
                         order by session_id, version
                     ),
                     ''::bytea
                 )
             ) as sum
        from (
            select *
              from session_ledger.login_step
             where session_id >= $1
               and session_id <= $2
               and not session_ledger.is_archived(session_id)
             order by session_id, version
             limit $5
        ) as one
  ) as logins
