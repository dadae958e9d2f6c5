//! Whether an application can work with a database, found out when it connects and not at its first request.

use tokio_postgres::Client;

use super::error::Error;
use crate::store::bare::bare;

const READINESS: &str = bare(include_str!("sql/readiness.sql"));

/// The only encoding in which every text can be stored that a browser may send.
pub(super) const ENCODING: &str = "UTF8";

/// What an application finds in a database.
pub(crate) struct Readiness {
    /// The encoding of the database.
    pub(super) encoding: String,
    /// The user.
    pub(super) user: String,
    /// The rights that requests need and the user lacks; none where the schema has no tables.
    pub(super) lacking: Vec<String>,
}

/// Asks what an application finds.
pub(super) async fn readiness(client: &Client) -> Result<Readiness, Error> {
    // Typed, and so unnamed: an application may ask this through a pooler.
    let rows = client.query_typed(READINESS, &[]).await?;
    let row = rows.first().ok_or_else(|| Error::Disconnected("it has told nothing".to_owned()))?;
    let (encoding, user) = (row.try_get("encoding")?, row.try_get("user_name")?);
    Ok(Readiness { encoding, user, lacking: row.try_get("lacking")? })
}
