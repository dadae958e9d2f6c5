-- Lists the other connections to this database. If a role may not see the kind of a backend, it counts as a
-- client. A backend without a user is one of the server's own.
-- No row: nobody else is connected.
select pid, application_name
  from pg_catalog.pg_stat_activity
 where datname = current_database()
   and pid <> pg_backend_pid()
   and usesysid is not null
   and coalesce(backend_type, 'client backend') = 'client backend'
 order by pid
