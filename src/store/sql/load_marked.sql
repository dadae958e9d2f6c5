-- Does what `load.sql` does as the first statement of a request's transaction, and lets the transaction know
-- its session and user (`V20__provenance.sql`), only if the request holds the session's token: the present
-- one, or one that was superseded a moment ago and is let in. So a token that was forged, replayed or ended
-- sets nothing. What else decides about admission, and whom the session acts as, the library knows: where it
-- knows better, `mark.sql` follows.
-- No row: never happens. If `version` is null, the session is not live.
-- Parameters: $1 session id (uuid), $2 SHA-256 of the token's secret (bytea)
select clock.now,
       session_ledger.epoch() as epoch,
       statement_timestamp() > transaction_timestamp() + interval '100 ms' as is_late,
       pg_current_xact_id()::text as transaction_id,
       concat(pg_postmaster_start_time(), ' ', pg_stat_get_bgwriter_stat_reset_time()) as life,
       set_config('statement_timeout', '5s', true) as statement_limit,
       set_config('idle_in_transaction_session_timeout', '5s', true) as idle_limit,
       token.is_held,
       set_config('session_ledger.session_id', case when token.is_held then $1::text else '' end, true) as marked_session,
       set_config('session_ledger.user_id', case when token.is_held then coalesce(s.user_id, '') else '' end, true) as marked_user,
       set_config('session_ledger.actor_id', '', true) as marked_actor,
       s.version,
       s.started_at,
       s.changed_at,
       s.authenticated_at,
       s.superseded_until,
       s.superseded_accepted,
       s.token_hash,
       s.superseded_hash,
       s.head_hash,
       s.user_id,
       s.client_ip,
       s.user_agent,
       s.state,
       s.resend,
       greatest(s.changed_at, a.last_seen) as last_seen
  from (select session_ledger.clock() as now) as clock
  left join session_ledger.session as s on s.session_id = $1
  left join session_ledger.activity as a on a.session_id = $1
 cross join lateral (
      select coalesce(
                 s.token_hash = $2
                     or (s.superseded_hash = $2 and s.superseded_accepted and clock.now < s.superseded_until),
                 false
             ) as is_held
  ) as token
