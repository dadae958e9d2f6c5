-- Gives a subscription another filter. It counts from the holder's next batch on.
-- No row: there is none of that name.
-- Parameters: $1 name (text), $2 kinds, $3 names of notes, $4 users (all text[])
update session_ledger.subscription
   set kinds = $2,
       notes = $3,
       users = $4
 where name = $1
returning name
