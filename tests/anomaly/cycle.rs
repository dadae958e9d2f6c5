//! The order of transactions, and cycles in it.

use std::collections::{BTreeSet, VecDeque};
use std::fmt;

/// The reason why one transaction comes before another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Edge {
    /// Its element stands before the other's (ww).
    WriteWrite,
    /// The other has seen its element (wr).
    WriteRead,
    /// It has not seen the other's element, which is the next (rw).
    ReadWrite,
}

/// The worst phenomenon that a cycle shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A cycle of writes alone.
    G0,
    /// A cycle in which information flows.
    G1c,
    /// A cycle with one transaction that has not seen the other's write: lost update, read skew.
    GSingle,
    /// A cycle with several of them: write skew.
    G2,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Cycle {
    pub(crate) kind: Kind,
    /// The transactions and the edges that leave them; the last leads to the first.
    pub(crate) path: Vec<(usize, Edge)>,
}

/// Transactions by number, and the edges that leave them.
pub(crate) struct Graph(Vec<BTreeSet<(usize, Edge)>>);

const WRITES: &[Edge] = &[Edge::WriteWrite];
const FLOW: &[Edge] = &[Edge::WriteWrite, Edge::WriteRead];
const ALL: &[Edge] = &[Edge::WriteWrite, Edge::WriteRead, Edge::ReadWrite];

impl Graph {
    pub(crate) fn new(transactions: usize) -> Self {
        Self(vec![BTreeSet::new(); transactions])
    }

    /// Adds an edge. A transaction does not come before itself, nor before an unknown one.
    pub(crate) fn add(&mut self, from: Option<usize>, edge: Edge, to: Option<usize>) {
        if let (Some(from), Some(to)) = (from, to)
            && from != to
        {
            self.0[from].insert((to, edge));
        }
    }

    /// How many edges of a kind there are.
    pub(crate) fn count(&self, edge: Edge) -> usize {
        self.0.iter().flatten().filter(|(_, one)| *one == edge).count()
    }

    /// One cycle, the worst kind first.
    pub(crate) fn cycle(&self) -> Option<Cycle> {
        let any = self.find(ALL)?;
        let found = |kind| move |path| Cycle { kind, path };
        self.find(WRITES)
            .map(found(Kind::G0))
            .or_else(|| self.find(FLOW).map(found(Kind::G1c)))
            .or_else(|| self.single().map(found(Kind::GSingle)))
            .or(Some(Cycle { kind: Kind::G2, path: any }))
    }

    /// A cycle of these edges, found depth first. The path is on a stack of its own, as histories are long.
    fn find(&self, edges: &[Edge]) -> Option<Vec<(usize, Edge)>> {
        let mut is_done = vec![false; self.0.len()];
        let mut is_open = vec![false; self.0.len()];
        for start in 0..self.0.len() {
            let mut stack = vec![(start, self.next(start, edges))];
            is_open[start] = true;
            while let Some((from, next)) = stack.last_mut() {
                let from = *from;
                match next.next() {
                    Some((to, edge)) if is_open[to] => {
                        let mut path = self.path(to, from, edges)?;
                        path.push((from, edge));
                        return Some(path);
                    }
                    Some((to, _)) if !is_done[to] => {
                        is_open[to] = true;
                        stack.push((to, self.next(to, edges)));
                    }
                    Some(_) => {}
                    None => {
                        (is_open[from], is_done[from]) = (false, true);
                        stack.pop();
                    }
                }
            }
        }
        None
    }

    /// A cycle with exactly one edge from a read to a write.
    fn single(&self) -> Option<Vec<(usize, Edge)>> {
        let numbered = self.0.iter().enumerate();
        let missed =
            numbered.flat_map(|(from, edges)| edges.iter().map(move |(to, edge)| (from, *to, *edge)));
        missed.filter(|(_, _, edge)| *edge == Edge::ReadWrite).find_map(|(from, to, edge)| {
            let mut path = self.path(to, from, FLOW)?;
            path.push((from, edge));
            Some(path)
        })
    }

    /// The shortest path, without its end, found breadth first.
    fn path(&self, from: usize, to: usize, edges: &[Edge]) -> Option<Vec<(usize, Edge)>> {
        let mut came_by: Vec<Option<(usize, Edge)>> = vec![None; self.0.len()];
        let mut queue = VecDeque::from([from]);
        while let Some(at) = queue.pop_front() {
            if at == to {
                break;
            }
            for (next, edge) in self.next(at, edges) {
                if next != from && came_by[next].is_none() {
                    came_by[next] = Some((at, edge));
                    queue.push_back(next);
                }
            }
        }
        let mut path = Vec::new();
        let mut at = to;
        while at != from {
            let step = came_by[at]?;
            path.push(step);
            at = step.0;
        }
        path.reverse();
        Some(path)
    }

    fn next<'a>(&'a self, from: usize, edges: &'a [Edge]) -> impl Iterator<Item = (usize, Edge)> + use<'a> {
        self.0[from].iter().copied().filter(move |(_, edge)| edges.contains(edge))
    }
}

impl fmt::Display for Cycle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}:", self.kind)?;
        for (transaction, edge) in &self.path {
            write!(f, " {transaction} -{edge:?}->")?;
        }
        write!(f, " {}", self.path.first().map_or(0, |(first, _)| *first))
    }
}
