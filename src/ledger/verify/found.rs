//! What a verification has found so far, and what it is about.

use std::sync::Arc;

use crate::ledger::finding::{Difference, Finding};
use crate::ledger::surroundings::Surroundings;
use crate::ledger::verification::Verification;
use crate::session::SessionId;

/// What a verification is about.
#[derive(Clone)]
pub(super) enum Scope {
    /// All that can be found.
    Whole(Arc<Surroundings>),
    /// How this version of the library reads sessions. Whether the log was damaged is no question.
    Fold,
}

impl Scope {
    /// What stands around the log, if that is asked for.
    pub(super) fn surroundings(&self) -> Option<&Surroundings> {
        match self {
            Self::Whole(surroundings) => Some(surroundings),
            Self::Fold => None,
        }
    }

    fn is_about(&self, finding: &Finding) -> bool {
        matches!(self, Self::Whole(_)) || finding.is_of_fold()
    }
}

/// What was found.
pub(super) struct Found<'a> {
    scope: &'a Scope,
    pub(super) report: Verification,
}

impl<'a> Found<'a> {
    pub(super) fn nothing(scope: &'a Scope) -> Self {
        Self { scope, report: Verification::default() }
    }

    /// Adds a finding, if it is asked for.
    pub(super) fn add(&mut self, session: SessionId, finding: Finding) {
        if self.scope.is_about(&finding) {
            self.report.add(Difference { session, finding });
        }
    }
}
