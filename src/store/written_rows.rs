//! The rows that a session wrote in an application's tables.

use tokio_postgres::Row;
use tokio_postgres::types::Type;

use super::connection::pool::Connection;
use super::connection::statement::Sql;
use super::error::Error;
use crate::session::{SessionId, Unanswerable, WrittenBy};

static WRITTEN_BY: Sql =
    Sql::new(include_str!("sql/written_by.sql"), &[Type::TEXT_ARRAY, Type::TEXT_ARRAY, Type::TEXT_ARRAY]);

/// A column that holds session ids, as the server knows it.
pub(crate) struct Question {
    /// The table with its schema, quoted as in SQL.
    pub(crate) table: String,
    /// The statement that finds a session's rows, as the server has written it.
    text: String,
}

/// Looks the columns up.
pub(crate) async fn questions(
    connection: &Connection,
    columns: &[WrittenBy],
) -> Result<Result<Vec<Question>, Unanswerable>, Error> {
    let schemas: Vec<Option<&str>> = columns.iter().map(WrittenBy::schema).collect();
    let tables: Vec<&str> = columns.iter().map(WrittenBy::table).collect();
    let names: Vec<&str> = columns.iter().map(WrittenBy::column).collect();
    let rows = WRITTEN_BY.query_once(connection, &[&schemas, &tables, &names]).await?;
    let mut found = Vec::with_capacity(rows.len());
    for (row, column) in rows.iter().zip(columns) {
        match question(row, column)? {
            Ok(question) => found.push(question),
            Err(refused) => return Ok(Err(refused)),
        }
    }
    Ok(Ok(found))
}

fn question(row: &Row, column: &WrittenBy) -> Result<Result<Question, Unanswerable>, Error> {
    let asked = column.to_string();
    if row.try_get::<_, Option<&str>>("table_name")?.is_none() {
        return Ok(Err(Unanswerable::UnknownTable { column: asked }));
    }
    let Some(text) = row.try_get("question")? else {
        return Ok(Err(Unanswerable::UnknownColumn { column: asked }));
    };
    match row.try_get("column_type")? {
        "uuid" => Ok(Ok(Question { table: row.try_get("table_name")?, text })),
        found => Ok(Err(Unanswerable::NoSessionIds { column: asked, found: String::from(found) })),
    }
}

impl Question {
    /// At most `limit` of the rows that the session wrote, each in JSON.
    pub(crate) async fn rows(
        &self,
        connection: &Connection,
        session: SessionId,
        limit: i64,
    ) -> Result<Vec<String>, Error> {
        let id = session.as_uuid();
        let rows = connection.query_typed(&self.text, &[(&id, Type::UUID), (&limit, Type::INT8)]).await?;
        rows.iter().map(|row| Ok(row.try_get("written")?)).collect()
    }
}
