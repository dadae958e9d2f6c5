-- Reads the number of committed transactions of each database, as far as its backends have reported.
-- No row: never happens.
select datname::text, xact_commit from pg_stat_database where datname is not null
