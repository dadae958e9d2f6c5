-- Reads how far a projection has followed the feed, without its lease.
-- No row: nobody has ever followed it.
-- Parameters: $1 name (text)
select s.cursor, s.epoch
  from session_ledger.subscription as s
  join session_ledger.projection as p on p.name = s.name
 where s.name = $1
