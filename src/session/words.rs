//! Events in words for people: one place for all who tell them.

mod operator;
mod user;

use super::Entry;

/// Whom an event is told to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Audience {
    /// Somebody who looks after sessions: in few words, and with the log's own names. Values are told by
    /// their size, messages by their level, tokens not at all.
    Operator,
    /// The user of the session, as "you": in a sentence, with the messages that were for them. Of the values
    /// only the application knows what they mean, so it may want to tell events about them by itself.
    User,
}

impl Entry {
    /// What happened, in plain words; or that it cannot be read.
    ///
    /// The words hold texts of users and of the application. Escape them for where they are shown.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::OffsetDateTime;
    /// let event = Event::LoggedIn(LoggedIn::new("alice".into(), vec!["pwd".into()], Assurance::Aal1));
    /// let entry = Entry::new(1, EventId::from_random([7; 16]), event.encode(), OffsetDateTime::UNIX_EPOCH);
    /// assert_eq!(entry.in_words(Audience::Operator), "alice logged in (pwd, AAL1)");
    /// assert_eq!(entry.in_words(Audience::User), "You logged in as alice with your password.");
    /// ```
    pub fn in_words(&self, audience: Audience) -> String {
        match (self.event(), audience) {
            (Ok(event), Audience::Operator) => operator::told(&event),
            (Ok(event), Audience::User) => user::told(&event, self),
            (Err(error), Audience::Operator) => format!("cannot be read: {error}"),
            (Err(_), Audience::User) => "Something happened that cannot be read any more.".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use time::OffsetDateTime;

    use super::*;
    use crate::session::{
        Assurance, ClientChanged, DeviceId, DeviceSeen, Encoded, EndReason, Ended, Event, EventId,
        FactorChanged, Flash, FlashAdded, FlashTaken, ImpersonationEnded, ImpersonationStarted, LoggedIn,
        Noted, Reauthenticated, RenewalOffered, Renewed, SettingsChanged, Started, StoredTimeouts, TokenHash,
        UserId, Value, ValueRemoved, ValueSet,
    };

    /// A hash that is easy to find in any notation.
    const TOKEN_HASH: TokenHash = TokenHash::from_bytes([0xab; 32]);

    fn entry(event: &Event) -> Entry {
        Entry::new(1, EventId::from_random([7; 16]), event.encode(), OffsetDateTime::UNIX_EPOCH)
    }

    fn both(event: &Event) -> [String; 2] {
        [Audience::Operator, Audience::User].map(|audience| entry(event).in_words(audience))
    }

    fn end(reason: EndReason, by: Option<&str>) -> String {
        let event = Event::Ended(Ended::new(reason, OffsetDateTime::UNIX_EPOCH));
        let ended = Entry { user: Some("alice".into()), actor: by.map(UserId::from), ..entry(&event) };
        ended.in_words(Audience::User)
    }

    #[test]
    fn an_operator_and_the_user_are_told_the_same_in_their_own_words() {
        let limits = StoredTimeouts { idle: Some(1_209_600), absolute: None };
        let methods = vec!["pwd".to_owned(), "otp".to_owned()];
        let device = DeviceId::new(OffsetDateTime::UNIX_EPOCH, [9; 10]);
        for (event, operator, user) in [
            (
                Event::Started(Started::new(TOKEN_HASH, limits)),
                "session started, 14 d idle",
                "Your session began.",
            ),
            (
                Event::LoggedIn(LoggedIn::new("alice".into(), methods.clone(), Assurance::Aal2)),
                "alice logged in (pwd, otp, AAL2)",
                "You logged in as alice with your password and a one-time code.",
            ),
            (
                Event::LoggedIn(LoggedIn::new("alice".into(), Vec::new(), Assurance::Aal1)),
                "alice logged in (AAL1)",
                "You logged in as alice.",
            ),
            (
                Event::Reauthenticated(Reauthenticated::new(vec!["hwk".into()], Assurance::Aal3)),
                "authenticated again (hwk, AAL3)",
                "You confirmed who you are with a security key.",
            ),
            (
                Event::FlashAdded(FlashAdded::new("news".into(), Flash::error("No stock."))),
                "message of an error queued in \"news\"",
                "A message was kept for you: “No stock.”",
            ),
            (
                Event::FlashTaken(FlashTaken::new(String::new())),
                "messages taken",
                "You were shown your messages.",
            ),
            (
                Event::ImpersonationStarted(ImpersonationStarted::new("bob".into(), "A ticket.".into())),
                "began to act as bob: A ticket.",
                "You began to act as bob: A ticket.",
            ),
            (
                Event::ImpersonationEnded(ImpersonationEnded::new()),
                "acts as themselves again",
                "You acted as yourself again.",
            ),
            (
                Event::DeviceSeen(DeviceSeen::new(device, true)),
                "signed in from new device …090909",
                "It was the first time from this browser.",
            ),
            (
                Event::FactorChanged(FactorChanged::new("pwd".into(), true)),
                "factor pwd changed, other sessions end",
                "You changed your password. Your other sessions were ended.",
            ),
            (Event::Noted(Noted::of_text("ordered", "number 42")), "ordered: number 42", "number 42"),
            (
                Event::Unknown(Encoded::new("teleported", 3, b"to the moon")),
                "unknown event of shape 3 (11 bytes)",
                "Something happened that is not known here.",
            ),
        ] {
            assert_eq!(both(&event), [operator, user]);
        }
    }

    #[test]
    fn the_end_is_told_as_the_user_has_seen_it() {
        assert_eq!(end(EndReason::Revoked, None), "Ended: signed out from another device.");
        assert_eq!(end(EndReason::Revoked, Some("alice")), "Ended: signed out from another device.");
        assert_eq!(end(EndReason::Revoked, Some("admin")), "Ended: signed out from elsewhere.");
        assert_eq!(end(EndReason::Other("audit".into()), None), "Ended: audit.");
        let visitor = Event::Ended(Ended::new(EndReason::IdleTimeout, OffsetDateTime::UNIX_EPOCH));
        assert_eq!(both(&visitor), ["ended: idle_timeout", "Your visit ended: not used for too long."]);
    }

    /// A user's words must not show others what a session holds, and nobody's words a token.
    #[test]
    fn neither_a_token_nor_a_value_is_told() {
        let timeouts = StoredTimeouts { idle: None, absolute: None };
        for event in [
            Event::Started(Started::new(TOKEN_HASH, timeouts)),
            Event::RenewalOffered(RenewalOffered::new(TOKEN_HASH)),
            Event::Renewed(Renewed::new(TOKEN_HASH, 30, true)),
            Event::ValueSet(ValueSet::new("cart".into(), Value::new(1, b"twelve bytes".to_vec()))),
            Event::ValueRemoved(ValueRemoved::new("cart".into())),
            Event::SettingsChanged(SettingsChanged::new(timeouts)),
            Event::ClientChanged(ClientChanged::new(true, true, true)),
        ] {
            for told in both(&event) {
                let told = told.to_lowercase();
                let kept = ["twelve", "abab", "171", "q6ur"].into_iter().find(|kept| told.contains(kept));
                assert_eq!(kept, None, "{told}");
            }
        }
    }

    #[test]
    fn what_cannot_be_read_is_told_as_such() {
        let damaged = Entry {
            encoded: Encoded::new("logged_in", 2, b"\xff"),
            ..entry(&Event::Cleared(crate::session::Cleared::new()))
        };
        assert!(damaged.in_words(Audience::Operator).starts_with("cannot be read: logged_in of shape 2"));
        let told = damaged.in_words(Audience::User);
        assert_eq!(told, "Something happened that cannot be read any more.");
    }
}
