-- Makes a subscription at the beginning of the log, with a filter, that nobody holds yet.
-- No row: there is one of that name.
-- Parameters: $1 name (text), $2 kinds, $3 names of notes, $4 users (all text[])
insert into session_ledger.subscription (name, cursor, fence, kinds, notes, users)
values ($1, '3:3:', (extract(epoch from session_ledger.clock()) * 1000)::bigint, $2, $3, $4)
    on conflict (name) do nothing
returning name
