//! What hangs on the user's proof of who they are, of a session as a request has opened it.

use time::OffsetDateTime;

use super::{Opened, generated};
use crate::request::SessionError;
use crate::session::{Assurance, UserId};

impl Opened {
    /// Records that the user proved again who they are, and replaces the token.
    pub(in crate::request) fn reauthenticate(
        &mut self,
        methods: Vec<String>,
        assurance: Assurance,
        auth_time: Option<OffsetDateTime>,
    ) -> Result<(), SessionError> {
        self.readable()?;
        let Self { holding, secret, .. } = self;
        holding.reauthenticate(methods, assurance, auth_time, || generated(secret))
    }

    /// Records that a factor was changed or taken away, and replaces the token.
    pub(in crate::request) fn change_factor(
        &mut self,
        factor: String,
        ends_others: bool,
    ) -> Result<(), SessionError> {
        self.readable()?;
        let Self { holding, secret, .. } = self;
        holding.change_factor(factor, ends_others, || generated(secret))
    }

    /// Lets the user act as another for a reason, or as themselves again, and replaces the token.
    pub(in crate::request) fn act_as(
        &mut self,
        impersonated: Option<(UserId, String)>,
    ) -> Result<(), SessionError> {
        self.readable()?;
        let Self { holding, secret, .. } = self;
        holding.act_as(impersonated, || generated(secret))
    }

    /// Takes a grant.
    pub(in crate::request) fn take_grant(&mut self, operation: &str) -> Result<(), SessionError> {
        self.readable()?;
        Ok(self.holding.take_grant(operation.to_owned())?)
    }
}
