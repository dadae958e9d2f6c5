//! The clients' transactions, and their observations.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// A list of elements that only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum List {
    /// In the application's table, in the row with this id.
    Row(i32),
    /// In a session: its number, and that of the key.
    Value(usize, usize),
}

/// One step of a transaction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Step {
    /// Appends an element, which nobody else appends anywhere, to a list.
    Append(List, i64),
    /// Reads a whole list.
    Read(List, Vec<i64>),
}

/// The end of a transaction, as its client was told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Committed,
    Aborted,
    /// It may have been committed. Its reads are unknown.
    Unknown,
}

#[derive(Clone, Debug)]
pub(crate) struct Transaction {
    pub(crate) steps: Vec<Step>,
    pub(crate) outcome: Outcome,
}

/// All transactions, in no order, and the lists at the end.
#[derive(Clone, Debug, Default)]
pub(crate) struct History {
    pub(crate) transactions: Vec<Transaction>,
    pub(crate) lists: BTreeMap<List, Vec<i64>>,
}

impl Transaction {
    /// Its appends.
    pub(crate) fn appends(&self) -> impl Iterator<Item = (List, i64)> {
        self.steps.iter().filter_map(|step| match step {
            Step::Append(list, element) => Some((*list, *element)),
            Step::Read(..) => None,
        })
    }

    /// Its known reads.
    pub(crate) fn reads(&self) -> impl Iterator<Item = (List, &[i64])> {
        let known = self.outcome == Outcome::Committed;
        self.steps.iter().filter(move |_| known).filter_map(|step| match step {
            Step::Append(..) => None,
            Step::Read(list, elements) => Some((*list, &elements[..])),
        })
    }
}

impl History {
    /// The number of transactions with this end.
    pub(crate) fn count(&self, outcome: Outcome) -> usize {
        self.transactions.iter().filter(|transaction| transaction.outcome == outcome).count()
    }
}

impl fmt::Display for List {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Row(id) => write!(f, "row {id}"),
            Self::Value(session, key) => write!(f, "session {session} key {key}"),
        }
    }
}
