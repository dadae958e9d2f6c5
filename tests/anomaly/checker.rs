//! The anomalies of a history.

use std::collections::{BTreeMap, BTreeSet};

use crate::cycle::{Cycle, Edge, Graph};
use crate::history::{History, List, Outcome, Step, Transaction};

/// Something that no serial execution of committed transactions can show. Transactions are named by their
/// index.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Anomaly {
    /// An element in a list to which nobody appended it.
    Garbage { list: List, element: i64 },
    /// An element is in a list twice: its append was done twice.
    Duplicate { list: List, element: i64 },
    /// The append of a committed transaction is gone.
    Lost { transaction: usize, list: List, element: i64 },
    /// An append of an aborted transaction was seen (G1a).
    AbortedRead { list: List, element: i64 },
    /// A transaction saw an intermediate append of another (G1b).
    IntermediateRead { transaction: usize, list: List, element: i64 },
    /// A transaction did not see its own earlier appends or reads.
    Internal { transaction: usize, list: List },
    /// A transaction saw a list that is no prefix of the final list.
    Incompatible { transaction: usize, list: List },
    /// Transactions that each come before the other.
    Cycle(Cycle),
}

/// All anomalies of a history; at most one cycle.
pub(crate) fn check(history: &History) -> Vec<Anomaly> {
    let checker = Checker { history, appended: appended(history) };
    let mut found = checker.lists();
    for (number, transaction) in history.transactions.iter().enumerate() {
        found.extend(checker.lost(number, transaction));
        found.extend(checker.reads(number, transaction));
        found.extend(internal(number, transaction));
    }
    found.extend(graph(history).cycle().map(Anomaly::Cycle));
    found
}

/// The order of transactions, by the order of the elements.
pub(crate) fn graph(history: &History) -> Graph {
    let appended = appended(history);
    let writer = |element: &i64| appended.get(element).map(|(transaction, _)| *transaction);
    let mut graph = Graph::new(history.transactions.len());
    for elements in history.lists.values() {
        for pair in elements.windows(2) {
            graph.add(writer(&pair[0]), Edge::WriteWrite, writer(&pair[1]));
        }
    }
    for (number, transaction) in history.transactions.iter().enumerate() {
        for (list, seen) in transaction.reads() {
            let became = history.lists.get(&list).map_or(&[][..], |list| list);
            if became.starts_with(seen) {
                graph.add(seen.last().and_then(writer), Edge::WriteRead, Some(number));
                graph.add(Some(number), Edge::ReadWrite, became.get(seen.len()).and_then(writer));
            }
        }
    }
    graph
}

/// The transaction that appended each element, and its list.
type Appended = BTreeMap<i64, (usize, List)>;

fn appended(history: &History) -> Appended {
    let numbered = history.transactions.iter().enumerate();
    numbered
        .flat_map(|(number, one)| one.appends().map(move |(list, element)| (element, (number, list))))
        .collect()
}

struct Checker<'a> {
    history: &'a History,
    appended: Appended,
}

impl Checker<'_> {
    fn lists(&self) -> Vec<Anomaly> {
        self.history.lists.iter().flat_map(|(list, elements)| self.content(*list, elements)).collect()
    }

    /// Elements that must not be in a list, whoever sees it.
    fn content(&self, list: List, elements: &[i64]) -> Vec<Anomaly> {
        let mut seen = BTreeSet::new();
        let judge = |&element: &i64| {
            if !seen.insert(element) {
                return Some(Anomaly::Duplicate { list, element });
            }
            match self.appended.get(&element) {
                Some((writer, to)) if *to == list => {
                    let aborted = self.history.transactions[*writer].outcome == Outcome::Aborted;
                    aborted.then_some(Anomaly::AbortedRead { list, element })
                }
                _ => Some(Anomaly::Garbage { list, element }),
            }
        };
        elements.iter().filter_map(judge).collect()
    }

    fn lost(&self, number: usize, transaction: &Transaction) -> Vec<Anomaly> {
        let committed = transaction.outcome == Outcome::Committed;
        let lost = |(list, element): &(List, i64)| {
            !self.history.lists.get(list).is_some_and(|elements| elements.contains(element))
        };
        let lost = transaction.appends().filter(|_| committed).filter(lost);
        lost.map(|(list, element)| Anomaly::Lost { transaction: number, list, element }).collect()
    }

    fn reads(&self, number: usize, transaction: &Transaction) -> Vec<Anomaly> {
        let mut found = Vec::new();
        for (list, seen) in transaction.reads() {
            found.extend(self.content(list, seen));
            let became = self.history.lists.get(&list).map_or(&[][..], |list| list);
            if !became.starts_with(seen) {
                found.push(Anomaly::Incompatible { transaction: number, list });
            }
            found.extend(self.intermediate(number, list, seen));
        }
        found
    }

    /// Whether the last foreign element of a read is not the last that its transaction appended to that list.
    fn intermediate(&self, number: usize, list: List, seen: &[i64]) -> Option<Anomaly> {
        let writer = |element: &i64| self.appended.get(element).map(|(writer, _)| *writer);
        let element = *seen.iter().rev().find(|element| writer(element) != Some(number))?;
        let other = &self.history.transactions[writer(&element)?];
        let last = other.appends().filter(|(to, _)| *to == list).last()?;
        (last.1 != element).then_some(Anomaly::IntermediateRead { transaction: number, list, element })
    }
}

/// Each read must show the transaction's earlier reads and appends.
fn internal(number: usize, transaction: &Transaction) -> Vec<Anomaly> {
    let mut found = Vec::new();
    for list in transaction.reads().map(|(list, _)| list).collect::<BTreeSet<_>>() {
        let mut known: Option<Vec<i64>> = None;
        let mut own = Vec::new();
        for step in &transaction.steps {
            match step {
                Step::Append(to, element) if *to == list => {
                    own.push(*element);
                    known.iter_mut().for_each(|known| known.push(*element));
                }
                Step::Read(of, seen) if *of == list => {
                    if !known.as_ref().map_or(seen.ends_with(&own), |known| known == seen) {
                        found.push(Anomaly::Internal { transaction: number, list });
                    }
                    known = Some(seen.clone());
                }
                _ => {}
            }
        }
    }
    found
}
