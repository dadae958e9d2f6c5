-- Disables an account. It waits for the logins of its user that are under way, by their gate. When it has
-- committed, their sessions can be seen, and no other can begin.
-- No row: it is disabled already.
-- Parameters: $1 user (text), $2 who disables it (text), or null
with closed as (
    update session_ledger.login_gate
       set passed = passed + 1
     where gate = hashtext($1) & 1023
    returning gate
)
insert into session_ledger.disabled_account (user_id, disabled_by)
select $1, $2::text from closed
 where not exists (select from session_ledger.disabled_account where user_id = $1)
returning user_id
