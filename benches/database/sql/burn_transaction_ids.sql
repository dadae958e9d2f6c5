-- Uses up transaction ids, so that a log may hold that many without lying in the future.
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
