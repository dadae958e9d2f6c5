//! Invariant 3: `session`, `ended_session` and `login_step` can be truncated at any moment and rebuilt to the
//! same rows.
//! The verification names every row that differs from the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod fold;
mod logins;
mod population;
mod rebuilding;
mod stories;
mod sums;
mod tampering;
mod verifying;

use tokio_postgres::Client;

/// Empties the projection.
const TRUNCATE: &str =
    "truncate session_ledger.session, session_ledger.ended_session, session_ledger.login_step";

/// All rows of sessions with all derived columns.
async fn dump(client: &Client) -> Vec<String> {
    let rows = "
        select (to_jsonb(s) - 'resend')::text from session_ledger.session s
         union all
        select to_jsonb(e)::text from session_ledger.ended_session e
         order by 1";
    client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}

/// All steps of logins.
async fn dump_logins(client: &Client) -> Vec<String> {
    let rows = "select to_jsonb(l)::text from session_ledger.login_step l order by session_id, version";
    client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
