-- The sessions of a user in the order of their starts. Whoever lists or ends a user's many sessions goes
-- through them page by page, and no page sorts them all. Both columns stay as they are from login to login,
-- so a request that only changes values updates no index.
drop index session_ledger.session_by_user;
create index session_by_user on session_ledger.session (user_id, session_id) where user_id is not null;

drop index session_ledger.ended_session_by_user;
create index ended_session_by_user on session_ledger.ended_session (user_id, session_id) where user_id is not null;
