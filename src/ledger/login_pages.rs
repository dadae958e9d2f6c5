//! Questions about logins: by user, address, time and reason, as pages, as a stream and as counts.

use std::time::Instant;

use futures_util::{Stream, TryStreamExt, stream};
use time::{Duration, OffsetDateTime};

use super::desk::Transaction;
use super::pages::STREAM_PAGE;
use super::question::QuestionError;
use super::{EndCount, Error, Ledger, Login, LoginCount};
use crate::session::{LoginFilter, LoginPlace, Unanswerable};
use crate::store::connection::reader::Reader;
use crate::store::logins;
use crate::store::signed_in::look_for_signed_in;

/// How many sessions are looked at by one statement for who was signed in at a moment.
const LOOKED_AT_MAX: usize = 1_000;

/// How long a page looks for them.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(1);

/// A page of logins.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct LoginPage {
    /// The logins, the latest first; of who was signed in at a moment as [`open_at`](LoginFilter::open_at)
    /// tells.
    pub logins: Vec<Login>,
    /// The cursor of the next page; none if this is the last. It is good for this question alone.
    pub next: Option<String>,
}

impl Ledger {
    /// The most steps of a count over time.
    pub const STEPS_MAX: i64 = 1_000;

    /// A page of the logins that fulfil `filter`, the latest first: those behind `cursor`, which the page
    /// before has given as [`next`](LoginPage::next), or the first ones; at least one and at most `limit`
    /// and at most [`PAGE_MAX`](Self::PAGE_MAX). A login keeps its place when it ends, so each is on one
    /// page.
    ///
    /// Time limits that only the policy knows, and not the session, do not end a login here. It only reads,
    /// and never SERIALIZABLE, so it is in no request's way, and a standby can answer it.
    ///
    /// ```no_run
    /// # use session_ledger::{Ledger, ledger::QuestionError};
    /// use session_ledger::session::LoginFilter;
    /// use session_ledger::web::IpNet;
    ///
    /// # async fn example(ledger: Ledger, network: IpNet) -> Result<(), QuestionError> {
    /// let filter = LoginFilter::all().of_user("alice").from_network(network);
    /// let first = ledger.logins_page(&filter, None, 50).await?;
    /// let second = ledger.logins_page(&filter, first.next.as_deref(), 50).await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Errors
    ///
    /// See [`QuestionError`].
    pub async fn logins_page(
        &self,
        filter: &LoginFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<LoginPage, QuestionError> {
        page_of(Reader::Pool(self.pool()), filter, cursor, limit).await
    }

    /// The logins that fulfil `filter` as a stream, the latest first. It holds a page of them in memory, and
    /// between its pages no connection. It ends behind the last login, or with the first error.
    ///
    /// # Errors
    ///
    /// An item is a [`QuestionError`].
    pub fn logins_stream(
        &self,
        filter: LoginFilter,
    ) -> impl Stream<Item = Result<Login, QuestionError>> + Send + use<> {
        let ledger = self.clone();
        let pages = stream::try_unfold(Some(None::<String>), move |cursor| {
            let (ledger, filter) = (ledger.clone(), filter.clone());
            async move {
                let Some(cursor) = cursor else { return Ok::<_, QuestionError>(None) };
                let page = ledger.logins_page(&filter, cursor.as_deref(), STREAM_PAGE).await?;
                Ok(Some((stream::iter(page.logins.into_iter().map(Ok)), page.next.map(Some))))
            }
        });
        pages.try_flatten()
    }

    /// How many logins that fulfil `filter` began in each step of time, from the beginning of its span on,
    /// and of how many users. A step without logins is left out.
    ///
    /// # Errors
    ///
    /// The filter has no span, or its span has more than [`STEPS_MAX`](Self::STEPS_MAX) steps; or see
    /// [`QuestionError`].
    pub async fn count_logins(
        &self,
        filter: &LoginFilter,
        step: Duration,
    ) -> Result<Vec<LoginCount>, QuestionError> {
        filter.check_steps(step, Self::STEPS_MAX)?;
        let asking = self.read(async |connection| logins::count_logins(connection, filter, step).await);
        Ok(asking.await?)
    }

    /// How many sessions with a user ended in each step of time from `from` on and before `until`, by
    /// reason. A step without ends is left out. A session whose time is over counts once somebody has
    /// noticed, at the time when it was over.
    ///
    /// # Errors
    ///
    /// The span has more than [`STEPS_MAX`](Self::STEPS_MAX) steps; or see [`QuestionError`].
    pub async fn count_ends(
        &self,
        from: OffsetDateTime,
        until: OffsetDateTime,
        step: Duration,
    ) -> Result<Vec<EndCount>, QuestionError> {
        LoginFilter::all().began_from(from).began_before(until).check_steps(step, Self::STEPS_MAX)?;
        let asking = self.read(async |connection| logins::count_ends(connection, from, until, step).await);
        Ok(asking.await?)
    }
}

impl Transaction {
    /// As [`Ledger::logins_page`], as the transaction sees them.
    pub(crate) async fn logins_page(
        &self,
        filter: &LoginFilter,
        cursor: Option<&str>,
        limit: u32,
    ) -> Result<LoginPage, QuestionError> {
        page_of(Reader::Transaction(self.client()), filter, cursor, limit).await
    }
}

async fn page_of(
    reader: Reader<'_>,
    filter: &LoginFilter,
    cursor: Option<&str>,
    limit: u32,
) -> Result<LoginPage, QuestionError> {
    let (after, limit) = (start(filter, cursor)?, limit.clamp(1, Ledger::PAGE_MAX));
    if let Some(moment) = filter.moment_of_all() {
        return Ok(page_of_moment(reader, filter, moment, after, limit as usize).await?);
    }
    Ok(page(filter, logins::page_of_logins(reader, filter, after, limit).await?, limit))
}

/// Looks for who was signed in at a moment, at more and more sessions as few of them fulfil the filter.
async fn page_of_moment(
    reader: Reader<'_>,
    filter: &LoginFilter,
    moment: OffsetDateTime,
    mut place: Option<LoginPlace>,
    limit: usize,
) -> Result<LoginPage, Error> {
    let (begun, mut seen, mut logins) = (Instant::now(), 0, Vec::new());
    loop {
        let most = window(limit - logins.len(), logins.len(), seen);
        let looked_at = look_for_signed_in(reader, filter, moment, place, most).await?;
        let is_last = looked_at.len() < most;
        seen += looked_at.len();
        for (at, login) in looked_at {
            place = Some(at);
            logins.extend(login);
            if logins.len() >= limit {
                return Ok(LoginPage { logins, next: Some(filter.cursor_at(&at)) });
            }
        }
        if is_last || begun.elapsed() >= PATIENCE {
            let next = place.filter(|_| !is_last).map(|at| filter.cursor_at(&at));
            return Ok(LoginPage { logins, next });
        }
    }
}

/// At how many sessions to look next for so many more logins, when so many were found among those seen: as
/// many as hold them if it goes on like that, and an eighth more, as one more look costs more than that.
/// At most four times as many as were seen: the next ones may be others.
fn window(wanted: usize, found: usize, seen: usize) -> usize {
    let most = match (found, seen) {
        (_, 0) => wanted,
        (0, seen) => seen * 4,
        (found, seen) => (wanted * seen).div_ceil(found).min(seen * 4),
    };
    (most + most.div_ceil(8)).min(LOOKED_AT_MAX)
}

fn start(filter: &LoginFilter, cursor: Option<&str>) -> Result<Option<LoginPlace>, Unanswerable> {
    filter.check()?;
    cursor.map(|cursor| filter.place_of(cursor)).transpose()
}

/// A page that is not full is the last.
fn page(filter: &LoginFilter, logins: Vec<Login>, limit: u32) -> LoginPage {
    let is_full = logins.len() >= limit as usize;
    let next = logins.last().filter(|_| is_full).map(|last| filter.cursor_at(&last.place()));
    LoginPage { logins, next }
}

#[test]
fn a_look_goes_as_far_as_the_ones_before_suggest() {
    assert_eq!(window(50, 0, 0), 57, "the first");
    assert_eq!(window(2, 48, 57), 4, "nearly all were found");
    assert_eq!(window(40, 10, 57), 257, "a sixth was found, and the rest is elsewhere");
    assert_eq!(window(50, 0, 57), 257, "none was found");
    assert_eq!(window(50, 0, 257), LOOKED_AT_MAX, "a statement has a limit");
    assert_eq!(window(1, 0, 0), 2);
}
