//! Invariant 3: `session` and `ended_session` can be truncated at any moment and rebuilt to the same rows.
//! The verification names every row that differs from the log.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod population;
mod rebuilding;
mod stories;
mod tampering;
mod verifying;

use tokio_postgres::Client;

/// All rows of the projection with all derived columns.
async fn dump(client: &Client) -> Vec<String> {
    let rows = "
        select (to_jsonb(s) - 'resend')::text from session_ledger.session s
         union all
        select to_jsonb(e)::text from session_ledger.ended_session e
         order by 1";
    client.query(rows, &[]).await.unwrap().iter().map(|row| row.get(0)).collect()
}
