//! What an operation demands of the user's proof of who they are.

use time::{Duration, OffsetDateTime};

use super::{Assurance, SessionState};

/// What an operation demands of the user's proof of who they are: how long ago it was, by which method, and
/// how much it proves. Who does not meet it must prove again who they are (step-up; ASVS 7.5.1, 7.5.3).
///
/// ```
/// use session_ledger::session::{Assurance, StepUp};
///
/// /// A code or a key, shown within the last five minutes.
/// const TRANSFER: StepUp = StepUp::within(300).by(&["otp", "hwk"]);
///
/// /// Two factors, whenever they were proved.
/// const REPORT: StepUp = StepUp::at_any_age().assurance(Assurance::Aal2);
/// # let _ = (TRANSFER, REPORT);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StepUp {
    /// The most seconds since the proof; none for any age.
    pub max_age: Option<u32>,
    /// The methods of which one must have been proved; empty for any method.
    pub methods: &'static [&'static str],
    /// The least assurance; none for any.
    pub assurance: Option<Assurance>,
}

impl StepUp {
    /// A proof of at most so many seconds ago, by the database's clock.
    pub const fn within(seconds: u32) -> Self {
        Self { max_age: Some(seconds), methods: &[], assurance: None }
    }

    /// A proof of any age.
    pub const fn at_any_age() -> Self {
        Self { max_age: None, methods: &[], assurance: None }
    }

    /// A proof by one of these methods, in the words of RFC 8176 where they fit (`otp`, `hwk`). Each method
    /// has a time of its own: a password that was shown just now makes no old key recent.
    #[must_use]
    pub const fn by(self, methods: &'static [&'static str]) -> Self {
        Self { methods, ..self }
    }

    /// A proof of at least this assurance. A session has the assurance of its user's latest proof and no
    /// higher one (NIST SP 800-63B-4 section 5.1).
    #[must_use]
    pub const fn assurance(self, assurance: Assurance) -> Self {
        Self { assurance: Some(assurance), ..self }
    }

    /// Whether a proof of this time is recent enough at `now`. One that seems to come from a time as far
    /// ahead proves nothing: the clock was set back.
    fn admits(&self, proved_at: Option<OffsetDateTime>, now: OffsetDateTime) -> bool {
        let Some(proved_at) = proved_at else { return false };
        let age = (now - proved_at).abs();
        self.max_age.is_none_or(|most| age <= Duration::seconds(most.into()))
    }
}

impl SessionState {
    /// Whether the user's proofs meet `demanded` at `now`.
    ///
    /// ```
    /// # use session_ledger::session::*;
    /// # use time::{Duration, OffsetDateTime};
    /// let mut state = SessionState::default();
    /// let login = LoggedIn::new("alice".into(), vec!["pwd".into()], Assurance::Aal1);
    /// let then = OffsetDateTime::UNIX_EPOCH;
    /// state.apply(&Event::LoggedIn(login), then);
    /// assert!(state.meets(&StepUp::within(60), then + Duration::seconds(60)));
    /// assert!(!state.meets(&StepUp::within(60), then + Duration::seconds(61)));
    /// assert!(!state.meets(&StepUp::within(60).by(&["otp"]), then));
    /// ```
    pub fn meets(&self, demanded: &StepUp, now: OffsetDateTime) -> bool {
        let StepUp { methods, assurance, .. } = demanded;
        let is_assured = assurance.is_none_or(|least| self.content.assurance >= least);
        // A method has its own time; all else is about the latest proof.
        let latest = methods.is_empty() || assurance.is_some();
        let is_recent = !latest || demanded.admits(self.proved_at(), now);
        let is_by = |method: &&str| demanded.admits(self.method_proved_at(method), now);
        is_assured && is_recent && (methods.is_empty() || methods.iter().any(is_by))
    }
}
