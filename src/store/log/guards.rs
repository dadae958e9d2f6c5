//! What keeps the log as it is: triggers and functions. An owner can take them away.

use tokio_postgres::Client;

use crate::store::bare::bare;
use crate::store::error::Error;

const MISSING_GUARDS: &str = bare(include_str!("../sql/missing_guards.sql"));
const GUARD_FUNCTIONS: &str = bare(include_str!("../sql/guard_functions.sql"));

/// The migration that makes `refuse_rewrite` as it is.
const EVENT_GUARD: &str = bare(include_str!("../../../schema/V34__client_proof.sql"));

/// The body of `clock`, as the server writes it. PostgreSQL keeps it parsed.
const CLOCK: &str = "RETURN clock_timestamp()";

/// A table of the log, and the name of the trigger that it lacks.
pub(crate) type MissingGuard = (String, String);

/// The guard triggers that are not in place.
pub(crate) async fn missing(client: &Client) -> Result<Vec<MissingGuard>, Error> {
    let rows = client.query(MISSING_GUARDS, &[]).await?;
    rows.iter().map(|row| Ok((row.try_get("table_name")?, row.try_get("trigger_name")?))).collect()
}

/// The names of the functions that are not those of the migrations.
pub(crate) async fn replaced_functions(client: &Client) -> Result<Vec<&'static str>, Error> {
    let row = client.query_one(GUARD_FUNCTIONS, &[]).await?;
    let (refuse_rewrite, clock): (Option<&str>, Option<&str>) =
        (row.try_get("refuse_rewrite")?, row.try_get("clock")?);
    let ours = [
        ("refuse_rewrite", refuse_rewrite.is_some() && refuse_rewrite == EVENT_GUARD.split("$$").nth(1)),
        ("clock", clock == Some(CLOCK)),
    ];
    Ok(ours.into_iter().filter(|(_, is_ours)| !is_ours).map(|(name, _)| name).collect())
}
