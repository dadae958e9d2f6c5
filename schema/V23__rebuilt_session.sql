-- Rows of `session` as a rebuild beside the running application has made them of the log: only those that
-- differ from the live ones, until they take their places. Nobody else reads them. A rebuild that was stopped
-- leaves them behind, and the next one empties the table. It is unlogged: after a crash of the server it is
-- empty, and the rows can be made again.
create unlogged table session_ledger.rebuilt_session (
    like session_ledger.session,
    constraint a_session_is_rebuilt_once primary key (session_id)
);
