-- Reads on in the cursor over the live sessions.
-- No row: all have been read.
fetch forward 1000 from live_rows
