//! Which events a follower of the feed is delivered.

use super::{Event, Recorded, UserId};

/// Which events a subscription is delivered: all, unless it says kinds, notes or users.
///
/// A kind or a note that is added lets more events pass, and so does another user. Where both are said, an
/// event must be of one of the kinds or notes, and of one of the users.
///
/// ```
/// use session_ledger::session::FeedFilter;
///
/// let ends_and_exports = FeedFilter::all().kind("ended").note("export_downloaded");
/// assert_ne!(ends_and_exports, FeedFilter::all());
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct FeedFilter {
    /// Kinds of events, as [`Event::kind`] names them.
    pub kinds: Vec<String>,
    /// The names of notes: facts of the application's own.
    pub notes: Vec<String>,
    /// The users whose events these are: an event's user is the one whose session it was once the event had
    /// happened.
    pub users: Vec<UserId>,
}

impl FeedFilter {
    /// All events.
    #[must_use]
    pub fn all() -> Self {
        Self::default()
    }

    /// Those of this kind, and of others that are added. Of the kind `noted` these are all notes.
    #[must_use]
    pub fn kind(mut self, kind: impl Into<String>) -> Self {
        self.kinds.push(kind.into());
        self
    }

    /// The application's notes of this name, and of others that are added.
    #[must_use]
    pub fn note(mut self, name: impl Into<String>) -> Self {
        self.notes.push(name.into());
        self
    }

    /// Those of this user, and of others that are added.
    #[must_use]
    pub fn user(mut self, user: impl Into<UserId>) -> Self {
        self.users.push(user.into());
        self
    }

    /// Whether an event is delivered.
    pub(crate) fn admits(&self, recorded: &Recorded) -> bool {
        let user = recorded.entry.user.as_ref();
        let is_of_user = self.users.is_empty() || user.is_some_and(|user| self.users.contains(user));
        is_of_user && self.admits_fact(recorded)
    }

    fn admits_fact(&self, recorded: &Recorded) -> bool {
        let entry = &recorded.entry;
        let is_any = self.kinds.is_empty() && self.notes.is_empty();
        if is_any || self.kinds.iter().any(|kind| kind == entry.encoded.kind()) {
            return true;
        }
        // A note that cannot be read has no name.
        !self.notes.is_empty()
            && matches!(entry.event(), Ok(Event::Noted(noted)) if self.notes.contains(&noted.name))
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::session::{Cleared, Entry, EventId, Noted, SessionId};

    fn recorded(event: &Event, user: Option<&str>) -> Recorded {
        let now = OffsetDateTime::UNIX_EPOCH;
        let mut entry = Entry::new(1, EventId::from_random([1; 16]), event.encode(), now);
        entry.user = user.map(UserId::from);
        Recorded::new(SessionId::new(now, [1; 10]), entry, now)
    }

    #[test]
    fn an_event_passes_by_its_fact_and_by_its_user() {
        let note = |name: &str| Event::Noted(Noted::of_text(name, "some"));
        let cleared = Event::Cleared(Cleared::new());
        let events = [
            recorded(&cleared, Some("alice")),
            recorded(&cleared, None),
            recorded(&note("export"), Some("bob")),
            recorded(&note("import"), Some("alice")),
        ];
        let all = FeedFilter::all();
        for (filter, expected) in [
            (all.clone(), [true; 4]),
            (all.clone().kind("cleared"), [true, true, false, false]),
            (all.clone().kind("noted"), [false, false, true, true]),
            (all.clone().note("export"), [false, false, true, false]),
            (all.clone().note("export").kind("cleared"), [true, true, true, false]),
            (all.clone().user("alice"), [true, false, false, true]),
            (all.clone().user("alice").user("bob").note("export"), [false, false, true, false]),
            (all.kind("ended"), [false; 4]),
        ] {
            assert_eq!(events.each_ref().map(|one| filter.admits(one)), expected, "{filter:?}");
        }
    }
}
