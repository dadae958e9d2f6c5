//! Events in sentences for the user of the session.

use crate::session::{ClientChanged, EndReason, Ended, Entry, Event, ImpersonationStarted};

/// The event as a sentence. `entry` says whose session it was, and who acted.
pub(super) fn told(event: &Event, entry: &Entry) -> String {
    match event {
        Event::Started(_) => "Your session began.".to_owned(),
        Event::LoggedIn(fact) => format!("You logged in as {}{}.", fact.user, with(&fact.methods)),
        Event::Reauthenticated(fact) => format!("You confirmed who you are{}.", with(&fact.methods)),
        Event::ValueSet(fact) => format!("Something was kept for you under “{}”.", fact.key),
        Event::ValueRemoved(fact) => format!("What was kept for you under “{}” was removed.", fact.key),
        Event::Cleared(_) => "All that was kept for you in this session was removed.".to_owned(),
        Event::FlashAdded(fact) => format!("A message was kept for you: “{}”", fact.message),
        Event::FlashTaken(_) => "You were shown your messages.".to_owned(),
        Event::SettingsChanged(_) => "The settings of your session were changed.".to_owned(),
        Event::RenewalOffered(_) => "A new token was offered to this browser.".to_owned(),
        Event::Renewed(_) => "A new token was given to this browser.".to_owned(),
        Event::ImpersonationStarted(fact) => acted(fact),
        Event::ImpersonationEnded(_) => "You acted as yourself again.".to_owned(),
        Event::ClientChanged(fact) => changed(fact),
        Event::DeviceSeen(fact) if fact.is_new => "It was the first time from this browser.".to_owned(),
        Event::DeviceSeen(_) => "It was a browser that you have used before.".to_owned(),
        Event::FactorChanged(fact) => {
            let others = if fact.ends_others { " Your other sessions were ended." } else { "" };
            format!("You changed {}.{others}", proof(&fact.factor))
        }
        Event::GrantGiven(_) => "You confirmed something that you want to do.".to_owned(),
        Event::GrantTaken(_) => "You did what you had confirmed.".to_owned(),
        Event::Noted(fact) => fact.told().into_owned(),
        Event::Ended(fact) if entry.user.is_some() => format!("Ended: {}.", end(fact, entry)),
        Event::Ended(fact) => format!("Your visit ended: {}.", fact.reason.in_words()),
        Event::Unknown(_) => "Something happened that is not known here.".to_owned(),
    }
}

fn acted(fact: &ImpersonationStarted) -> String {
    match fact.reason.trim_end_matches('.') {
        "" => format!("You began to act as {}.", fact.user),
        reason => format!("You began to act as {}: {reason}.", fact.user),
    }
}

fn changed(fact: &ClientChanged) -> String {
    let what = match (fact.agent, fact.network) {
        (true, true) => "another browser and network",
        (true, false) => "another browser",
        (false, _) => "another network",
    };
    format!("Your session was used from {what}.")
}

/// Why the session has ended. Somebody else who ended it did so from no device of the user's.
fn end<'a>(fact: &'a Ended, entry: &Entry) -> &'a str {
    let is_foreign = entry.actor.is_some() && entry.actor != entry.user;
    if fact.reason == EndReason::Revoked && is_foreign {
        "signed out from elsewhere"
    } else {
        fact.reason.in_words()
    }
}

impl EndReason {
    /// The reason in plain words for the user, as the end of a sentence or by itself. A reason of the
    /// application's own is told by its name.
    ///
    /// ```
    /// use session_ledger::session::EndReason;
    ///
    /// assert_eq!(EndReason::IdleTimeout.in_words(), "not used for too long");
    /// ```
    pub fn in_words(&self) -> &str {
        match self {
            Self::LoggedOut => "logged out",
            Self::Discarded => "no longer needed",
            Self::IdleTimeout => "not used for too long",
            Self::AbsoluteTimeout => "logged in too long ago",
            Self::Revoked => "signed out from another device",
            Self::LimitExceeded => "too many devices at once",
            Self::CredentialChanged => "the password or another factor was changed",
            Self::AccountDisabled => "the account was closed",
            Self::TokenReplayed => "used in two places at once",
            Self::UserSwitched => "somebody else logged in here",
            Self::ClientChanged => "used from another browser or network",
            Self::DatabaseRolledBack => "the site was restored from a backup",
            Self::Other(name) => name,
        }
    }
}

/// The methods of a proof, behind what they proved.
fn with(methods: &[String]) -> String {
    match methods {
        [] => String::new(),
        methods => {
            let words: Vec<_> = methods.iter().map(|method| proof(method)).collect();
            format!(" with {}", words.join(" and "))
        }
    }
}

/// The words of RFC 8176 in plain English. A method of the application's own is told by its name.
fn proof(method: &str) -> &str {
    match method {
        "pwd" => "your password",
        "pin" => "your PIN",
        "otp" => "a one-time code",
        "sms" => "a code by text message",
        "tel" => "a phone call",
        "hwk" => "a security key",
        "swk" => "a key on your device",
        "sc" => "a smart card",
        "fpt" => "your fingerprint",
        "face" => "your face",
        "kba" => "answers that only you know",
        "mfa" => "several factors",
        other => other,
    }
}
