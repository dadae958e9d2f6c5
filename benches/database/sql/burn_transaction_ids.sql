-- Uses up transaction ids, so that a log may hold as many without being ahead of the server.
-- No row: this reads nothing.
-- Parameters: the setting `bench.transactions`, how many
do $$
begin
    for n in 1 .. current_setting('bench.transactions')::bigint loop
        perform pg_current_xact_id();
        commit;
    end loop;
end
$$
