//! What is different between two states of a session.

use std::collections::BTreeSet;

use time::OffsetDateTime;

use super::{Client, EndReason, SessionState, Timeouts, UserId, Value};

/// One thing in which a session's later state differs from an earlier one.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateDifference {
    /// Another user is signed in, or nobody is any more.
    User {
        /// The user before.
        before: Option<UserId>,
        /// The user after.
        after: Option<UserId>,
    },
    /// The signed-in user acts as another, or as themselves again.
    Impersonated {
        /// Whom they acted as before.
        before: Option<UserId>,
        /// Whom they act as after.
        after: Option<UserId>,
    },
    /// The user has proved who they are.
    Authenticated {
        /// When they last had before.
        before: Option<OffsetDateTime>,
        /// When they last have after.
        after: Option<OffsetDateTime>,
    },
    /// The value of a key.
    Value {
        /// The key's name.
        key: String,
        /// The value before; none if there was none.
        before: Option<Value>,
        /// The value after; none if there is none.
        after: Option<Value>,
    },
    /// The messages that wait in a queue.
    Flashes {
        /// The queue's name; empty for the usual one.
        queue: String,
        /// How many waited before.
        before: usize,
        /// How many wait after.
        after: usize,
    },
    /// The session's own time limits.
    Timeouts {
        /// The limits before.
        before: Timeouts,
        /// The limits after.
        after: Timeouts,
    },
    /// The client that the latest event names.
    Client {
        /// The client before.
        before: Option<Client>,
        /// The client after.
        after: Option<Client>,
    },
    /// The browser has another token.
    Token,
    /// The session has ended.
    Ended {
        /// Why.
        reason: EndReason,
        /// When.
        at: OffsetDateTime,
    },
}

impl SessionState {
    /// In what `later`, a later state of the same session, differs from this one. Nothing of a token is
    /// shown.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::OffsetDateTime;
    /// let before = SessionState::default();
    /// let mut after = before.clone();
    /// let set = ValueSet::new("cart".into(), Value::new(1, vec![2]));
    /// after.apply(&Event::ValueSet(set), OffsetDateTime::UNIX_EPOCH);
    /// let difference =
    ///     StateDifference::Value { key: "cart".into(), before: None, after: Some(Value::new(1, vec![2])) };
    /// assert_eq!(before.differences_to(&after), [difference]);
    /// ```
    pub fn differences_to(&self, later: &Self) -> Vec<StateDifference> {
        let mut found = Vec::new();
        found.extend(changed(&self.user, &later.user, |before, after| StateDifference::User {
            before,
            after,
        }));
        found.extend(changed(
            &self.content.extras.impersonated,
            &later.content.extras.impersonated,
            |before, after| StateDifference::Impersonated { before, after },
        ));
        found.extend(changed(&self.authenticated_at, &later.authenticated_at, |before, after| {
            StateDifference::Authenticated { before, after }
        }));
        found.extend(self.values_changed(later));
        found.extend(self.flashes_changed(later));
        found.extend(changed(&self.content.timeouts, &later.content.timeouts, |before, after| {
            StateDifference::Timeouts { before, after }
        }));
        found.extend(changed(&self.client, &later.client, |before, after| StateDifference::Client {
            before,
            after,
        }));
        found.extend((self.token_hash != later.token_hash).then_some(StateDifference::Token));
        let ended = later.ended.clone().filter(|_| self.ended.is_none());
        found.extend(ended.map(|(reason, at)| StateDifference::Ended { reason, at }));
        found
    }

    fn values_changed<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = StateDifference> + 'a {
        let (before, after) = (&self.content.values, &later.content.values);
        let keys: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        keys.into_iter().filter_map(|key| {
            changed(&before.get(key).cloned(), &after.get(key).cloned(), |before, after| {
                StateDifference::Value { key: key.clone(), before, after }
            })
        })
    }

    fn flashes_changed<'a>(&'a self, later: &'a Self) -> impl Iterator<Item = StateDifference> + 'a {
        let (before, after) = (&self.content.flashes, &later.content.flashes);
        let queues: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
        queues.into_iter().filter(|queue| before.get(*queue) != after.get(*queue)).map(move |queue| {
            let waiting = |state: &Self| state.content.flashes.get(queue).map_or(0, Vec::len);
            StateDifference::Flashes { queue: queue.clone(), before: waiting(self), after: waiting(later) }
        })
    }
}

/// The difference that two values make, if they differ.
fn changed<T: Clone + PartialEq>(
    before: &T,
    after: &T,
    difference: impl FnOnce(T, T) -> StateDifference,
) -> Option<StateDifference> {
    (before != after).then(|| difference(before.clone(), after.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::session::{Assurance, Ended, Event, Flash, FlashAdded, LoggedIn, ValueRemoved, ValueSet};

    #[test]
    fn each_thing_that_has_changed_is_told_once() {
        let start = OffsetDateTime::UNIX_EPOCH;
        let set = |key: &str, byte| Event::ValueSet(ValueSet::new(key.to_owned(), Value::new(1, vec![byte])));
        let mut before = SessionState::default();
        for event in [set("cart", 1), set("gone", 2), set("kept", 3)] {
            before.apply(&event, start);
        }
        let mut after = before.clone();
        let (removed, flash) = (
            ValueRemoved::new("gone".into()),
            FlashAdded::new("news".into(), Flash::from("Welcome".to_owned())),
        );
        for event in [
            set("cart", 9),
            Event::ValueRemoved(removed),
            Event::FlashAdded(flash),
            Event::LoggedIn(LoggedIn::new("alice".into(), vec!["pwd".into()], Assurance::Aal1)),
            Event::Ended(Ended::new(EndReason::Revoked, start)),
        ] {
            after.apply(&event, start);
        }
        let value = |byte| Some(Value::new(1, vec![byte]));
        assert_eq!(
            before.differences_to(&after),
            [
                StateDifference::User { before: None, after: Some("alice".into()) },
                StateDifference::Authenticated { before: None, after: Some(start) },
                StateDifference::Value { key: "cart".into(), before: value(1), after: value(9) },
                StateDifference::Value { key: "gone".into(), before: value(2), after: None },
                StateDifference::Flashes { queue: "news".into(), before: 0, after: 1 },
                StateDifference::Ended { reason: EndReason::Revoked, at: start },
            ]
        );
        assert_eq!(after.differences_to(&after), []);
    }
}
