-- Reads how many transactions each database has committed, as far as its backends have told.
-- No row: never happens.
select datname::text, xact_commit from pg_stat_database where datname is not null
