-- Counts the purchases of each user whose name has a prefix.
-- No row: none of these users has bought anything.
-- Parameters: $1 the prefix
select who, count(*) from purchase where starts_with(who, $1) group by who
