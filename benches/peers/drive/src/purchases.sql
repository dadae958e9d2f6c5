-- Counts the purchases of each user whose name begins with something.
-- No row: none of them has bought anything.
-- Parameters: $1 the beginning of the names
select who, count(*) from purchase where starts_with(who, $1) group by who
