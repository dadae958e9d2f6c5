-- Has the connection look for a table among the temporary ones first, wherever the role looks for them.
-- No row: never happens.
select set_config('search_path', 'pg_temp, ' || current_setting('search_path'), false) as path
