//! The leases of jobs that one process at a time does.

use tokio_postgres::types::Type;

use super::connection::pool::Connection;
use super::connection::statement::Sql;
use super::error::Error;

static TAKE_JOB: Sql = Sql::new(include_str!("sql/take_job.sql"), &[Type::TEXT, Type::TEXT, Type::FLOAT8]);
static RELEASE_JOB: Sql =
    Sql::new(include_str!("sql/release_job.sql"), &[Type::TEXT, Type::TEXT, Type::INT8]);

/// Takes or renews the lease of a job. Returns its fence; none if another holder has it.
pub(crate) async fn take(
    connection: &Connection,
    job: &str,
    holder: &str,
    seconds: f64,
) -> Result<Option<i64>, Error> {
    let row = TAKE_JOB.query_opt(connection, &[&job, &holder, &seconds]).await?;
    row.map(|row| Ok(row.try_get("fence")?)).transpose()
}

/// Gives the lease of a job back, if it is still the holder's.
pub(crate) async fn release(
    connection: &Connection,
    job: &str,
    holder: &str,
    fence: i64,
) -> Result<(), Error> {
    RELEASE_JOB.query(connection, &[&job, &holder, &fence]).await?;
    Ok(())
}
