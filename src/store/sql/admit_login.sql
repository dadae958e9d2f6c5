-- Lets a login of a user pass their gate, behind which nobody can disable the account, or count or end the
-- user's sessions, until this transaction is over. If somebody has done so since it began, PostgreSQL refuses
-- (40001). It divides by zero (22012) if the account is disabled, so that a COMMIT behind it cannot succeed.
-- No row: never happens. It divides by zero as well if the gate is missing, which each migration puts up.
-- Parameters: $1 user (text)
with passed as materialized (
    select gate
      from session_ledger.login_gate
     where gate = hashtext($1) & 1023
       for share
)
select 1 / case
               when not exists (select from passed) then 0
               when exists (select from session_ledger.disabled_account where user_id = $1) then 0
               else 1
           end as admitted
