-- Deriving an application's table anew beside itself: into a temporary table of the same name, which
-- PostgreSQL finds first. So the statements that write the one write the other.
--
-- The functions act with the rights of whoever calls them: they need those of the application's own table.

-- Makes the temporary table, with all that the table itself has but its rows, and returns which table that
-- is. Null if there is none of that name on the search path.
create function session_ledger.stage_projection(table_name text) returns oid
    language plpgsql
as $$
declare
    stored regclass := to_regclass(table_name);
begin
    if stored is not null then
        execute format(
            'create temporary table %I (like %s including all)',
            (select relname from pg_catalog.pg_class where oid = stored),
            stored
        );
    end if;
    return stored;
end
$$;

-- The rows in which a table differs from what was derived beside it, by their keys. The values are compared
-- and told as JSON, as any type has that form.
create function session_ledger.projection_differences(stored oid, key_columns text[], most bigint)
    returns table (row_key text, stored_row text, derived_row text)
    language plpgsql
as $$
declare
    staged constant text := (select relname from pg_catalog.pg_class where oid = stored);
begin
    return query execute format(
        'select json_build_object(%s)::text, to_jsonb(s)::text, to_jsonb(d)::text
           from %s as s
           full join pg_temp.%I as d using (%s)
          where to_jsonb(s) is distinct from to_jsonb(d)
          order by 1
          limit %s',
        (select string_agg(format('%L, %I', name, name), ', ') from unnest(key_columns) as key (name)),
        stored::regclass,
        staged,
        (select string_agg(quote_ident(name), ', ') from unnest(key_columns) as key (name)),
        most
    );
end
$$;

-- Puts what was derived in the place of what is stored, row by row: a row that is right stays as it is.
-- Returns how many rows went or came.
create function session_ledger.replace_projection(stored oid, key_columns text[]) returns bigint
    language plpgsql
as $$
declare
    staged  constant text := (select relname from pg_catalog.pg_class where oid = stored);
    is_same constant text := (
        select string_agg(format('s.%I = d.%I', name, name), ' and ') from unnest(key_columns) as key (name)
    );
    columns constant text := (
        select string_agg(quote_ident(attname), ', ' order by attnum)
          from pg_catalog.pg_attribute
         where attrelid = stored and attnum > 0 and not attisdropped and attgenerated = ''
    );
    went bigint;
    came bigint;
begin
    execute format(
        'delete from %s as s
          where not exists (select from pg_temp.%I as d where %s and to_jsonb(d) = to_jsonb(s))',
        stored::regclass,
        staged,
        is_same
    );
    get diagnostics went = row_count;
    execute format(
        'insert into %s (%s) overriding system value
         select %s from pg_temp.%I as d where not exists (select from %s as s where %s)',
        stored::regclass,
        columns,
        columns,
        staged,
        stored::regclass,
        is_same
    );
    get diagnostics came = row_count;
    return went + came;
end
$$;

-- Keeps writers out of a table until the transaction ends.
create function session_ledger.lock_projection(stored oid) returns void
    language plpgsql
as $$
begin
    execute format('lock table %s in exclusive mode', stored::regclass);
end
$$;
