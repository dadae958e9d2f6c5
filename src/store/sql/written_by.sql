-- Looks up columns of an application's tables that hold session ids, and writes the question for each: which
-- rows did a session write? The names are compared with the catalogue and quoted by the server, so none is
-- ever read as SQL. A table without a schema is one that the search path finds.
-- No row: no column was asked for. Each one has a row, with its `place` in the list, counted from 1. If
-- `table_name` is null, there is no such table; if `question` is, no such column.
-- Parameters: $1 schemas, null for none (text[]), $2 tables (text[]), $3 columns (text[])
select asked.place,
       case when found.oid is not null then format('%I.%I', found.nspname, found.relname) end as table_name,
       format_type(a.atttypid, null) as column_type,
       case
           when a.attname is not null
           then format(
               'select to_jsonb(written)::text as written from %I.%I as written where written.%I = $1 limit $2',
               found.nspname,
               found.relname,
               a.attname
           )
       end as question
  from unnest($1::text[], $2::text[], $3::text[]) with ordinality as asked (schema_name, table_name, column_name, place)
  left join lateral (
      select c.oid, n.nspname, c.relname
        from pg_catalog.pg_class as c
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
       where c.relname = asked.table_name
         and c.relkind in ('r', 'p', 'v', 'm', 'f')
         and case
                 when asked.schema_name is null then pg_catalog.pg_table_is_visible(c.oid)
                 else n.nspname = asked.schema_name
             end
  ) as found on true
  left join pg_catalog.pg_attribute as a
    on a.attrelid = found.oid and a.attname = asked.column_name and a.attnum > 0 and not a.attisdropped
 order by asked.place
