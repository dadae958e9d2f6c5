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

-- Puts a guard back on a table of the log where it is gone, disabled or another. Each migration calls this
-- for whatever is missing: an owner can take a guard away, and a dump can be restored without.
create function session_ledger.place_guard(log text, guard text) returns void
    language plpgsql
as $$
declare
    log_table regclass := to_regclass(format('session_ledger.%I', log));
begin
    -- On a partition the guard of rows belongs to that of the whole log, and can only be enabled.
    if exists (
        select from pg_catalog.pg_trigger
         where tgrelid = log_table
           and tgname = guard
           and tgfoid = to_regprocedure('session_ledger.refuse_rewrite()')
           and tgqual is null
    ) then
        execute format('alter table %s enable trigger %I', log_table, guard);
        return;
    end if;
    execute format('drop trigger if exists %I on %s', guard, log_table);
    if guard = 'an_event_is_never_changed' then
        execute format(
            'create trigger %I before update or delete on %s
                for each row execute function session_ledger.refuse_rewrite()',
            guard,
            log_table
        );
    else
        execute format(
            'create trigger %I before truncate on %s
                for each statement execute function session_ledger.refuse_rewrite()',
            guard,
            log_table
        );
    end if;
end
$$;
