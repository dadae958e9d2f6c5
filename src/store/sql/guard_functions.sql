-- Reads the bodies of the functions on which the log relies, as the server keeps them.
-- No row: never happens. A null: there is no such function, or it is written in another language.
select (
           select prosrc from pg_catalog.pg_proc where oid = to_regprocedure('session_ledger.refuse_rewrite()')
       ) as refuse_rewrite,
       pg_get_function_sqlbody(to_regprocedure('session_ledger.clock()')) as clock
