//! The boundaries of messages in PostgreSQL's protocol.

/// The bytes that a client has sent, to be cut into messages.
#[derive(Default)]
pub(super) struct Messages {
    bytes: Vec<u8>,
    /// The first message has no type.
    started: bool,
}

impl Messages {
    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The next whole message.
    pub(super) fn next(&mut self) -> Option<Vec<u8>> {
        let type_bytes = usize::from(self.started);
        let length = self.bytes.get(type_bytes..type_bytes + 4)?.try_into().map(u32::from_be_bytes).ok()?;
        let end = type_bytes + usize::try_from(length).expect("a length");
        if self.bytes.len() < end {
            return None;
        }
        self.started = true;
        let rest = self.bytes.split_off(end);
        Some(std::mem::replace(&mut self.bytes, rest))
    }
}

/// Whether a message is a query with COMMIT and nothing else.
pub(super) fn is_commit(message: &[u8]) -> bool {
    message.strip_prefix(b"Q").is_some_and(|rest| rest[4..].eq_ignore_ascii_case(b"commit\0"))
}

/// Whether a message runs a statement: Query or Execute.
pub(super) fn runs_statement(message: &[u8]) -> bool {
    matches!(message.first(), Some(b'Q' | b'E'))
}

/// Whether the server's answers end with the one to a COMMIT: the connection is idle, and outside a
/// transaction.
pub(super) fn answer_commit(answers: &[u8]) -> bool {
    answers.ends_with(b"Z\0\0\0\x05I")
}
