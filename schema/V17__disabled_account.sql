-- Accounts whose users cannot log in. They have no live session: whoever writes a row here ends them.
create table session_ledger.disabled_account (
    user_id     text        not null,
    disabled_at timestamptz not null default session_ledger.clock(),
    disabled_by text,                   -- who did it, where that is known
    constraint an_account_is_disabled_once primary key (user_id)
);
