//! Other connections to the database: all of them, or those that hold a table of the ledger.

use tokio_postgres::{Client, Row};

use super::error::Error;
use crate::store::bare::bare;

const OTHER_BACKENDS: &str = bare(include_str!("sql/other_backends.sql"));
const LOCK_HOLDERS: &str = bare(include_str!("sql/lock_holders.sql"));

/// Another connection to the same database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backend {
    /// The id of the server process that serves it.
    pub pid: i32,
    /// The name that its application has given; empty if it has given none.
    pub application_name: String,
}

/// The other connections to this database.
pub(crate) async fn other_backends(client: &Client) -> Result<Vec<Backend>, Error> {
    client.query(OTHER_BACKENDS, &[]).await?.iter().map(backend).collect()
}

/// The other connections that keep a lock on a table of the ledger.
pub(super) async fn lock_holders(client: &Client) -> Result<Vec<Backend>, Error> {
    client.query(LOCK_HOLDERS, &[]).await?.iter().map(backend).collect()
}

/// The backends as a message names them.
pub(crate) fn list(backends: &[Backend]) -> String {
    let name = |backend: &Backend| match backend.application_name.as_str() {
        "" => format!("process {}", backend.pid),
        name => format!("process {} of \"{name}\"", backend.pid),
    };
    backends.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn backend(row: &Row) -> Result<Backend, Error> {
    let application_name: Option<String> = row.try_get("application_name")?;
    Ok(Backend { pid: row.try_get("pid")?, application_name: application_name.unwrap_or_default() })
}
