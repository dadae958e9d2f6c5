-- Lists a page of the accounts that are disabled, in the order of their users' ids.
-- No row: no account of a user behind that id is disabled.
-- Parameters: $1 user id that all of the page come after (text; empty for the first page), $2 most accounts
-- (bigint)
select user_id, disabled_at, disabled_by
  from session_ledger.disabled_account
 where user_id > $1
 order by user_id
 limit $2
