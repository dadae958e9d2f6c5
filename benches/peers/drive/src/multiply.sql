-- Copies every session of the reference library under new ids, so that its table is as full as the others'.
-- No row: it has no session.
-- Parameters: $1 number of copies of each
insert into session
select (jsonb_populate_record(session, jsonb_build_object('id', gen_random_uuid()))).*
  from session, generate_series(1, $1::bigint)
