-- Reads on in the cursor over the ended sessions.
-- No row: all have been read.
fetch forward 1000 from ended_rows
