//! Sums over the rows of a range of sessions: of those that the log makes, and of those that are stored. If
//! they are the same, so are the rows, and none need be fetched.

use std::sync::LazyLock;

use bytes::{BufMut, BytesMut};
use deadpool_postgres::ClientWrapper;
use sha2::{Digest, Sha256};
use tokio_postgres::types::{IsNull, ToSql, Type};
use uuid::Uuid;

use super::columns::{EndedRow, LiveRow, LoginRow};
use super::row::ProjectedRow;
use crate::session::{Entry, LoginStep, SessionId, SessionState};
use crate::store::bare::bare;
use crate::store::connection::reading::Stretch;
use crate::store::error::Error;
use crate::store::table::Values;

const RANGE_SUMS: &str = bare(include_str!("../sql/range_sums.sql"));

static LIVE: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], LiveRow::TYPES].concat());
static ENDED: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], EndedRow::TYPES].concat());
static LOGIN: LazyLock<Vec<Type>> = LazyLock::new(|| [&[Type::UUID], LoginRow::TYPES].concat());

/// How many steps of logins a range may have at most to be summed up: the server holds 32 bytes of each.
const LOGINS_MAX: i64 = 1_000_000;

/// The sums over the rows that the sessions of a range make.
pub(crate) struct Sums {
    live: Sum,
    ended: Sum,
    logins: Sum,
    /// The sessions with an offered token, for which a secret may be kept.
    offered: Vec<Uuid>,
    /// Whether all rows are known.
    is_complete: bool,
}

impl Sums {
    /// The sums over no row.
    pub(crate) fn new() -> Self {
        let (live, ended, logins) = (Sum::new(&LIVE), Sum::new(&ENDED), Sum::new(&LOGIN));
        Self { live, ended, logins, offered: Vec::new(), is_complete: true }
    }

    /// Adds the step of a login that an event makes, if it makes one. Events come in order.
    pub(crate) fn add_event(&mut self, session: SessionId, entry: &Entry) {
        match LoginStep::of(entry) {
            Ok(None) => {}
            Ok(Some(step)) => {
                let (session, row) = (session.as_uuid(), LoginRow::of(step));
                self.is_complete &= self.logins.add(&session, |values| row.add_to(values));
            }
            Err(_) => self.is_complete = false,
        }
    }

    /// Adds the row of a session, once all of its events were added. Sessions come in order.
    pub(crate) fn add_session(&mut self, session: SessionId, state: &SessionState) {
        let session = session.as_uuid();
        self.is_complete &= match ProjectedRow::of(state) {
            ProjectedRow::Live(row) => {
                self.offered.extend(state.content.offered.is_some().then_some(session));
                self.live.add(&session, |values| row.add_to(values))
            }
            ProjectedRow::Ended(row) => self.ended.add(&session, |values| row.add_to(values)),
        };
    }

    /// Takes note of a session whose row nobody knows.
    pub(crate) fn add_unknown(&mut self) {
        self.is_complete = false;
    }

    /// How many rows were added.
    pub(crate) fn rows(&self) -> i64 {
        self.live.rows + self.ended.rows + self.logins.rows
    }

    /// Whether these are the sums over the stored rows of `range`. If they are not, the rows may be the same
    /// nevertheless, such as one whose state is in an older shape.
    pub(super) async fn are_stored(self, client: &ClientWrapper, range: Stretch) -> Result<bool, Error> {
        if !self.is_complete || self.logins.rows > LOGINS_MAX {
            return Ok(false);
        }
        let statement = client.prepare_cached(RANGE_SUMS).await?;
        let (first, last) = range.ends();
        let most = [&self.live, &self.ended, &self.logins].map(|sum| sum.rows + 1);
        let row = client
            .query_one(&statement, &[&first, &last, &most[0], &most[1], &most[2], &self.offered])
            .await?;
        Ok(row.try_get::<_, &[u8]>("live")? == self.live.finish()
            && row.try_get::<_, &[u8]>("ended")? == self.ended.finish()
            && row.try_get::<_, &[u8]>("logins")? == self.logins.finish()
            && row.try_get::<_, i64>("wrong_resends")? == 0)
    }
}

/// The sum over rows of one table.
struct Sum {
    types: &'static [Type],
    hash: Sha256,
    rows: i64,
    /// The bytes of the row that was added last, to be used again.
    bytes: BytesMut,
}

impl Sum {
    fn new(types: &'static [Type]) -> Self {
        Self { types, hash: Sha256::new(), rows: 0, bytes: BytesMut::new() }
    }

    /// Adds a row, whose values are a session's id and what `add` adds. Says whether it can be written.
    fn add<'p>(&mut self, session: &'p Uuid, add: impl FnOnce(&mut Values<'p>)) -> bool {
        let mut values: Values<'p> = Vec::with_capacity(self.types.len());
        values.push(session);
        add(&mut values);
        self.bytes.clear();
        let is_written = write_record(&values, self.types, &mut self.bytes).is_some();
        self.hash.update(Sha256::digest(&self.bytes));
        self.rows += 1;
        is_written
    }

    fn finish(self) -> [u8; 32] {
        self.hash.finalize().into()
    }
}

/// Writes a row as `record_send` does: the number of its columns, and of each its type, its length and its
/// bytes. `None` if PostgreSQL has no such value.
fn write_record(values: &[&(dyn ToSql + Sync)], types: &[Type], bytes: &mut BytesMut) -> Option<()> {
    bytes.put_i32(i32::try_from(types.len()).ok()?);
    for (value, of) in values.iter().zip(types) {
        bytes.put_u32(of.oid());
        let length_at = bytes.len();
        bytes.put_i32(NULL);
        if let IsNull::Yes = value.to_sql_checked(of, bytes).ok()? {
            continue;
        }
        let value_at = length_at + size_of::<i32>();
        if *of == Type::TEXT_ARRAY && bytes.len() == value_at + EMPTY_ARRAY {
            // The driver sends an empty array with one dimension. PostgreSQL keeps none.
            bytes[value_at..value_at + size_of::<i32>()].fill(0);
            bytes.truncate(value_at + ARRAY_HEADER);
        }
        let length = i32::try_from(bytes.len() - value_at).ok()?;
        bytes[length_at..value_at].copy_from_slice(&length.to_be_bytes());
    }
    Some(())
}

/// The length that stands for a null.
const NULL: i32 = -1;

/// The bytes of an array before its dimensions: how many these are, whether there are nulls, and the type.
const ARRAY_HEADER: usize = 12;

/// The bytes of an array of one dimension without elements. One with an element has at least four more.
const EMPTY_ARRAY: usize = ARRAY_HEADER + 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::token::is_resend;

    #[test]
    fn a_row_is_written_as_the_server_writes_a_record() {
        let (number, nothing, none): (i32, Option<String>, Vec<String>) = (258, None, Vec::new());
        let mut bytes = BytesMut::new();
        let types = [Type::INT4, Type::TEXT, Type::TEXT_ARRAY];
        write_record(&[&number, &nothing, &none], &types, &mut bytes).unwrap();
        // As `select record_send(row(258, null::text, '{}'::text[]))` shows it.
        let sent = "00000003 00000017 00000004 00000102 00000019 ffffffff 000003f1 0000000c 00000000 00000000 00000019";
        assert_eq!(data_encoding::HEXLOWER.encode(&bytes), sent.replace(' ', ""));
    }

    #[test]
    fn the_statement_knows_the_form_of_a_secret_that_is_kept() {
        let with_first = |first: u8, length: usize| {
            let mut bytes = vec![7; length];
            bytes[0] = first;
            is_resend(&bytes)
        };
        assert!(with_first(1, 81));
        assert!(!with_first(1, 80) && !with_first(1, 82) && !with_first(0, 81) && !with_first(2, 81));
    }
}
