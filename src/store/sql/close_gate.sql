-- Keeps all logins of a user waiting until this transaction is over, so that it can count or end the user's
-- sessions. They then fail (40001), and run again. It waits for those that are under way, and fails itself if
-- somebody has changed the gate since it began. It divides by zero (22012) if the account is disabled.
-- No row: never happens. It divides by zero as well if the gate is missing, which each migration puts up.
-- Parameters: $1 user (text)
with closed as (
    update session_ledger.login_gate
       set passed = passed + 1
     where gate = hashtext($1) & 1023
    returning gate
)
select 1 / case
               when not exists (select from closed) then 0
               when exists (select from session_ledger.disabled_account where user_id = $1) then 0
               else 1
           end as closed
