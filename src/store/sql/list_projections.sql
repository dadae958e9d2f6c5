-- Lists the names of the projections that follow the feed: their subscriptions have the same names.
-- No row: nobody has ever followed one.
select name from session_ledger.projection order by name
