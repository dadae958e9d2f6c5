-- Deletes the last activity of sessions that are not live, where it is past its limit. Requests change the
-- time, so it has no index: the rows are looked at one after the other.
-- No row: nothing is behind that place.
-- Parameters: $1 session id that all of the rows come after (uuid), $2 the most rows to look at (bigint),
--             $3 seen before this (timestamptz)
with looked as materialized (
    select session_id, last_seen from session_ledger.activity where session_id > $1 order by session_id limit $2
),
deleted as (
    delete from session_ledger.activity as a
     using looked
     where a.session_id = looked.session_id
       and a.last_seen < $3
       and not exists (select from session_ledger.session as s where s.session_id = a.session_id)
    returning 1
)
select session_id as looked_to, (select count(*) from deleted) as aged
  from looked
 order by session_id desc
 limit 1
