-- Reads a row that others change.
-- No row: there is no such item.
-- Parameters: $1 item (bigint)
select rest from stock where item_id = $1
