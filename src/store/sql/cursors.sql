-- Reads the cursor of each subscription, and how many events its checkpoints have counted before it.
-- No row: nobody follows the log.
select name, cursor, epoch, delivered
  from session_ledger.subscription
 order by name
