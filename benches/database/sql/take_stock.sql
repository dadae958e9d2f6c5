-- Reads and changes a row that others want too.
-- No row: there is no such item.
-- Parameters: $1 item (bigint)
update stock set rest = rest - 1 where item_id = $1 returning rest
