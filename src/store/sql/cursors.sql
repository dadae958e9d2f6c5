-- Reads the cursor of each subscription, and how many events of the log its checkpoints have counted before
-- it: those that are in an archive by now are left out.
-- No row: nobody follows the log.
select name, cursor, epoch, delivered - archived as delivered
  from session_ledger.subscription
 order by name
