-- As `rebuilt_session`, for the steps of logins of the same sessions.
create unlogged table session_ledger.rebuilt_login_step (
    like session_ledger.login_step,
    constraint a_login_step_is_rebuilt_once primary key (session_id, version)
);
