-- As `rebuilt_session`, for `ended_session`.
create unlogged table session_ledger.rebuilt_ended_session (
    like session_ledger.ended_session,
    constraint an_end_is_rebuilt_once primary key (session_id)
);
