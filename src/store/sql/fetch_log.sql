-- Reads on in the cursor over the log.
-- No row: the log has been read to its end.
fetch forward 2000 from log
