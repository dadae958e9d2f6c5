-- Reads on in the cursor over the steps of logins.
-- No row: all have been read.
fetch forward 1000 from login_steps
