//! Reading the rows of a large table, with a bounded number of them in memory.

use std::vec::IntoIter;

use tokio::task::JoinSet;
use tokio_postgres::{Row, Statement};
use uuid::Uuid;

use super::watched::Watched;
use crate::store::error::Error;

/// A stretch of the sessions, in the order of their ids. Both ends belong to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Stretch {
    first: Uuid,
    last: Uuid,
}

impl Stretch {
    /// All sessions.
    pub(crate) const ALL: Self = Self { first: Uuid::nil(), last: Uuid::max() };

    /// One session.
    pub(crate) fn one(session: Uuid) -> Self {
        Self { first: session, last: session }
    }

    /// The first session and the last.
    pub(crate) fn ends(self) -> (Uuid, Uuid) {
        (self.first, self.last)
    }

    /// The part up to `session`, which lies in it, and what is behind that.
    pub(crate) fn split_behind(self, session: Uuid) -> (Self, Option<Self>) {
        let behind = session.as_u128().checked_add(1).map(Uuid::from_u128);
        let rest = behind.filter(|first| *first <= self.last).map(|first| Self { first, ..self });
        (Self { last: session, ..self }, rest)
    }

    /// All sessions in at most so many stretches, with about as many of `sample` in each. `sample` is in
    /// order.
    pub(crate) fn cut(sample: &[Uuid], parts: usize) -> Vec<Self> {
        let mut starts: Vec<Uuid> =
            (1..parts).filter_map(|nth| sample.get(nth * sample.len() / parts)).copied().collect();
        starts.retain(|start| !start.is_nil());
        starts.dedup();
        let firsts = std::iter::once(Uuid::nil()).chain(starts.iter().copied());
        let lasts = starts.iter().map(|start| Uuid::from_u128(start.as_u128() - 1)).chain([Uuid::max()]);
        firsts.zip(lasts).map(|(first, last)| Self { first, last }).collect()
    }
}

/// A query that is read page by page. Its rows begin with a session and a version, are in the order of these,
/// and its parameters are the place behind which a page begins and the last session wanted.
///
/// The next page is fetched while the present one is worked on, so that the server and the library work at
/// the same time.
pub(crate) struct Reading {
    client: Watched,
    statement: Statement,
    /// The place of the last row fetched.
    place: (Uuid, i64),
    last: Uuid,
    fetched: IntoIter<Row>,
    /// Fetches the next page, if there may be one. It is a task of its own: an answer that nobody reads would
    /// hold up the answers to all later statements of the connection, also those of another reading.
    ahead: JoinSet<Result<Vec<Row>, tokio_postgres::Error>>,
    rows: u64,
}

impl Reading {
    /// Begins to read a stretch of what `statement` asks for.
    pub(crate) async fn open(client: &Watched, statement: &str, stretch: Stretch) -> Result<Self, Error> {
        let preparing = async { Ok::<_, Error>(client.prepare_cached(statement).await?) };
        let statement = client.step(preparing).await?;
        // No version is that low.
        let place = (stretch.first, i64::MIN);
        let (client, fetched) = (client.clone(), Vec::new().into_iter());
        let (last, ahead) = (stretch.last, JoinSet::new());
        let mut reading = Self { client, statement, place, last, fetched, ahead, rows: 0 };
        reading.fetch_ahead();
        Ok(reading)
    }

    /// The next row, if there is one.
    pub(crate) async fn next(&mut self) -> Result<Option<Row>, Error> {
        if self.fetched.len() == 0
            && let Some(fetched) = self.fetched_ahead().await?
        {
            if let Some(last) = fetched.last() {
                self.place = (last.try_get(0)?, last.try_get(1)?);
                self.fetch_ahead();
            }
            self.rows += fetched.len() as u64;
            self.fetched = fetched.into_iter();
        }
        Ok(self.fetched.next())
    }

    /// How many rows the server has sent.
    pub(crate) fn rows(&self) -> u64 {
        self.rows
    }

    async fn fetched_ahead(&mut self) -> Result<Option<Vec<Row>>, Error> {
        let Self { client, ahead, .. } = self;
        let fetching = async {
            match ahead.join_next().await {
                Some(fetched) => Ok(Some(fetched.map_err(|error| Error::Disconnected(error.to_string()))??)),
                None => Ok(None),
            }
        };
        client.step(fetching).await
    }

    fn fetch_ahead(&mut self) {
        let (client, statement) = (self.client.clone(), self.statement.clone());
        let ((session, version), last) = (self.place, self.last);
        self.ahead.spawn(async move { client.query(&statement, &[&session, &version, &last]).await });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ids(numbers: &[u128]) -> Vec<Uuid> {
        numbers.iter().copied().map(Uuid::from_u128).collect()
    }

    #[test]
    fn the_parts_of_a_cut_lie_side_by_side_and_leave_nothing_out() {
        for sample in [
            ids(&[]),
            ids(&[0]),
            ids(&[7]),
            ids(&[1, 1, 1, 1]),
            ids(&[0, 1, 2]),
            ids(&Vec::from_iter(1..100)),
        ] {
            for parts in [1, 2, 3, 16, 200] {
                let cut = Stretch::cut(&sample, parts);
                assert!((1..=parts).contains(&cut.len()), "{cut:?}");
                assert_eq!((cut[0].first, cut[cut.len() - 1].last), (Uuid::nil(), Uuid::max()));
                for pair in cut.windows(2) {
                    assert!(pair[0].first <= pair[0].last);
                    assert_eq!(pair[0].last.as_u128() + 1, pair[1].first.as_u128());
                }
            }
        }
    }

    #[test]
    fn a_stretch_is_split_without_a_session_left_out() {
        let stretch = |first, last| Stretch { first: Uuid::from_u128(first), last: Uuid::from_u128(last) };
        let split = |whole: Stretch, session| whole.split_behind(Uuid::from_u128(session));
        assert_eq!(split(stretch(3, 9), 5), (stretch(3, 5), Some(stretch(6, 9))));
        assert_eq!(split(stretch(3, 9), 9), (stretch(3, 9), None));
        assert_eq!(split(Stretch::one(Uuid::max()), u128::MAX), (Stretch::one(Uuid::max()), None));
    }

    #[test]
    fn a_cut_follows_the_sample() {
        let cut = Stretch::cut(&ids(&Vec::from_iter(1..=100)), 4);
        let starts: Vec<u128> = cut.iter().map(|stretch| stretch.first.as_u128()).collect();
        assert_eq!(starts, [0, 26, 51, 76]);
    }
}
