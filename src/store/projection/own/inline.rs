//! The projections that are written in the transaction that appends.

use std::fmt;
use std::sync::Arc;

use super::{Fact, Projection, Statement};
use crate::session::{Entry, SessionId};
use crate::store::error::Error;

/// The inline projections of a ledger. Without any it costs an append nothing.
#[derive(Clone, Default)]
pub(crate) struct Inline(Option<Arc<[Arc<dyn Projection>]>>);

impl Inline {
    pub(crate) fn of(projections: Vec<Arc<dyn Projection>>) -> Self {
        Self((!projections.is_empty()).then(|| projections.into()))
    }

    /// Whether a projection of this name is among them.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.all().any(|projection| projection.name() == name)
    }

    /// What events of a session make of the tables, each with the name of its projection.
    pub(crate) fn statements<'a>(
        &self,
        session: SessionId,
        entries: impl Iterator<Item = &'a Entry>,
    ) -> Result<Vec<(&'static str, Statement)>, Error> {
        let mut statements = Vec::new();
        if self.0.is_none() {
            return Ok(statements);
        }
        for entry in entries {
            for projection in self.all() {
                let made = project(projection, session, entry, false)?;
                statements.extend(made.into_iter().map(|statement| (projection.name(), statement)));
            }
        }
        Ok(statements)
    }

    fn all(&self) -> impl Iterator<Item = &dyn Projection> {
        self.0.iter().flat_map(|all| all.iter()).map(Arc::as_ref)
    }
}

/// What an event makes of a projection's tables.
pub(super) fn project(
    projection: &dyn Projection,
    session: SessionId,
    entry: &Entry,
    is_replayed: bool,
) -> Result<Vec<Statement>, Error> {
    let refused = |reason: String| Error::Projection { name: projection.name(), reason };
    let event = entry.event().map_err(|error| refused(error.to_string()))?;
    let fact = Fact { session, entry, event: &event, is_replayed };
    projection.project(&fact).map_err(|error| refused(error.to_string()))
}

impl fmt::Debug for Inline {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all().map(Projection::name)).finish()
    }
}
