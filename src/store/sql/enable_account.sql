-- Enables an account again.
-- No row: it was not disabled.
-- Parameters: $1 user (text)
delete from session_ledger.disabled_account where user_id = $1 returning user_id
