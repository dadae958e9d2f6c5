//! The cursors of pages: a text that leads to a place in the answer to one question.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::{SessionId, Unanswerable};

/// How many bytes of the question's hash a cursor begins with.
const MARK: usize = 8;

/// The bytes of a cursor: the question's mark, a time, a session and a version.
const BYTES: usize = MARK + 8 + 16 + 8;

/// A place in an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cursor {
    /// Microseconds since 1970; 0 where answers are not in the order of time.
    pub(super) at: i64,
    pub(super) session: SessionId,
    pub(super) version: i64,
}

impl Cursor {
    /// The text of the place, in the answer to the question with this mark.
    pub(super) fn write(&self, mark: [u8; MARK]) -> String {
        let mut bytes = Vec::with_capacity(BYTES);
        bytes.extend(mark);
        bytes.extend(self.at.to_be_bytes());
        bytes.extend(self.session.as_bytes());
        bytes.extend(self.version.to_be_bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The place of a text, if it was written for the question with this mark.
    pub(super) fn read(text: &str, mark: [u8; MARK]) -> Result<Self, Unanswerable> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).map_err(|_| Unanswerable::UnknownCursor)?;
        let bytes = <[u8; BYTES]>::try_from(bytes).map_err(|_| Unanswerable::UnknownCursor)?;
        let (found, place) = bytes.split_at(MARK);
        let (at, place) = place.split_at(8);
        let (session, version) = place.split_at(16);
        if found != mark {
            return Err(Unanswerable::ForeignCursor);
        }
        let number = |bytes: &[u8]| i64::from_be_bytes(bytes.try_into().unwrap_or_default());
        let session = Uuid::from_bytes(session.try_into().unwrap_or_default());
        Ok(Self { at: number(at), session: session.into(), version: number(version) })
    }
}

/// A few bytes that stand for a question.
pub(super) fn mark(question: &str) -> [u8; MARK] {
    let hash = Sha256::digest(format!("session-ledger/v1/question {question}"));
    std::array::from_fn(|nth| hash.get(nth).copied().unwrap_or_default())
}
