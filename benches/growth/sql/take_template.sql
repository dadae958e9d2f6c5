-- Keeps the four events of a real session, the last of which is its end, to be repeated.
-- No row: it returns none.
-- Parameters: $1 session id (uuid)
insert into growth.template
select case when kind = 'ended' then 0 else version end, kind, shape, user_id is not null, payload, client_ip, user_agent
  from session_ledger.event
 where session_id = $1
