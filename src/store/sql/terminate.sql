-- Ends the connection that it is sent on, whoever still uses it. Its answer is an error.
-- No row: always.
select pg_terminate_backend(pg_backend_pid())
