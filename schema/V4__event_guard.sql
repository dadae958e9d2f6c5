-- An event once recorded is never changed. The grants say so to the application; this says so to everybody.
create function session_ledger.refuse_rewrite() returns trigger
    language plpgsql
as $$
begin
    raise exception 'the log is append-only: % on %.% is refused', tg_op, tg_table_schema, tg_table_name
        using errcode = 'restrict_violation',
              hint = 'Events past their retention go by dropping their partition.';
end
$$;

create trigger an_event_is_never_changed
    before update or delete on session_ledger.event
    for each row execute function session_ledger.refuse_rewrite();

create trigger the_log_is_never_emptied
    before truncate on session_ledger.event
    for each statement execute function session_ledger.refuse_rewrite();
