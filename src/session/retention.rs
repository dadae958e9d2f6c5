//! For how long which facts are kept, before the month of the log that holds them may be archived.

use time::{Duration, OffsetDateTime};

/// What a kind of event is about, as far as it matters for how long it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Retention {
    /// Who was signed in, from where, by what proof, and how the session lived: what an audit asks for.
    Access,
    /// What the session held: values, messages, settings.
    Content,
    /// The application's own notes.
    Note,
    /// A kind that this version does not know: it is kept for ever, as nobody has said otherwise.
    Forever,
}

/// For how long each class of facts stays in the log after the latest of them was recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RetentionLimits {
    /// That of [`Retention::Access`].
    pub access: Duration,
    /// That of [`Retention::Content`].
    pub content: Duration,
    /// That of [`Retention::Note`].
    pub notes: Duration,
}

impl RetentionLimits {
    /// The same limit for all.
    pub fn all(limit: Duration) -> Self {
        Self { access: limit, content: limit, notes: limit }
    }

    /// Until when a fact of this kind, recorded at that time, stays in the log; none for ever.
    pub fn until(&self, kind: &str, recorded_at: OffsetDateTime) -> Option<OffsetDateTime> {
        let limit = match Retention::of_kind(kind) {
            Retention::Access => self.access,
            Retention::Content => self.content,
            Retention::Note => self.notes,
            Retention::Forever => return None,
        };
        Some(recorded_at.saturating_add(limit))
    }
}

impl Retention {
    /// The class of a kind, by its wire name.
    ///
    /// ```
    /// use session_ledger::session::Retention;
    /// assert_eq!(Retention::of_kind("logged_in"), Retention::Access);
    /// assert_eq!(Retention::of_kind("of_a_later_version"), Retention::Forever);
    /// ```
    pub fn of_kind(kind: &str) -> Self {
        match kind {
            "started"
            | "logged_in"
            | "reauthenticated"
            | "renewal_offered"
            | "renewed"
            | "impersonation_started"
            | "impersonation_ended"
            | "client_changed"
            | "device_seen"
            | "factor_changed"
            | "grant_given"
            | "grant_taken"
            | "ended" => Self::Access,
            "value_set" | "value_removed" | "cleared" | "flash_added" | "flash_taken"
            | "settings_changed" => Self::Content,
            "noted" => Self::Note,
            _ => Self::Forever,
        }
    }
}
