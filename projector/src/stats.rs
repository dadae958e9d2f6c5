//! `projector stats`: how many logins began and ended, over time.

use std::collections::BTreeMap;
use std::pin::pin;

use futures_util::TryStreamExt;
use serde::Serialize;
use session_ledger::Ledger;
use session_ledger::session::{LoginFilter, UserId};
use session_ledger::web::IpNet;
use time::{Duration, OffsetDateTime};

use crate::moment::Span;
use crate::output::{self, Column, Format, Listed, whole};
use crate::{Answer, Console, Error, words};

/// How many characters the longest bar has.
const BAR_CHARS: u64 = 24;

/// The length of a step.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Step {
    /// An hour.
    #[default]
    Hour,
    /// A day of UTC.
    Day,
}

/// What is counted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Question {
    /// From when and until when. It begins with a whole step.
    pub from: OffsetDateTime,
    /// Its end.
    pub until: OffsetDateTime,
    /// The length of a step.
    pub step: Step,
    /// The logins of this user alone.
    pub user: Option<UserId>,
    /// The logins from this network alone.
    pub network: Option<IpNet>,
    /// How the counts are written.
    pub format: Format,
}

/// Lists the steps of a span with the logins that began in each, their users, and the logins that ended in
/// it. [`Answer::No`] if none began or ended.
///
/// # Errors
///
/// The span has too many steps, the database is away, or the output cannot be written.
pub async fn run(ledger: &Ledger, question: &Question, console: &mut Console<'_>) -> Result<Answer, Error> {
    let steps = count(ledger, question).await?;
    let is_empty = steps.iter().all(|step| step.logins == 0 && step.ended == 0);
    if is_empty {
        console.note(&format!(
            "No login began or ended from {} to {}.",
            words::to_second(question.from),
            words::to_second(question.until)
        ))?;
    }
    let steps = if is_empty { Vec::new() } else { steps };
    let steps = futures_util::stream::iter(steps.into_iter().map(Ok::<_, Error>));
    output::write(console, question.format, steps).await?;
    Ok(if is_empty { Answer::No } else { Answer::Yes })
}

async fn count(ledger: &Ledger, question: &Question) -> Result<Vec<Counts>, Error> {
    let all = question.filter();
    let began = all.clone().began_from(question.from).began_before(question.until);
    let mut steps: BTreeMap<OffsetDateTime, Counts> =
        question.steps().map(|from| (from, Counts::none(from))).collect();
    for counted in ledger.count_logins(&began, question.step.length()).await? {
        if let Some(step) = steps.get_mut(&counted.from) {
            (step.logins, step.users) = (counted.logins, counted.users);
        }
    }
    // A login that ends within the span either began in it, or lasted right before it.
    let lasting = all.began_before(question.from).open_at(question.from - Duration::MICROSECOND);
    for filter in [began, lasting] {
        let mut logins = pin!(ledger.logins_stream(filter));
        while let Some(login) = logins.try_next().await? {
            let ended_at = login.ended.map(|(_, at)| at).filter(|at| question.span().holds(*at));
            let step = ended_at.and_then(|at| steps.range_mut(..=at).next_back());
            if let Some((_, step)) = step {
                step.ended += 1;
            }
        }
    }
    let most = steps.values().map(|step| step.logins.max(step.ended)).max().unwrap_or_default();
    let drawn = |step: Counts| Counts { bar: bar(step.logins, most), ..step };
    Ok(steps.into_values().map(drawn).collect())
}

impl Step {
    /// Its length.
    pub fn length(self) -> Duration {
        match self {
            Self::Hour => Duration::HOUR,
            Self::Day => Duration::DAY,
        }
    }

    /// The span that is counted if none is said: two days by the hour, thirty days by the day.
    fn span(self) -> Duration {
        match self {
            Self::Hour => Duration::hours(48),
            Self::Day => Duration::days(30),
        }
    }

    /// The beginning of the step that holds a moment.
    fn beginning(self, at: OffsetDateTime) -> OffsetDateTime {
        let utc = at.to_offset(time::UtcOffset::UTC);
        match self {
            Self::Hour => utc.truncate_to_hour(),
            Self::Day => utc.truncate_to_day(),
        }
    }
}

impl Question {
    /// The counts of a span in steps. Without an end it ends now; without a beginning it has a length that
    /// fits the step. It is made longer to begin with a whole step.
    pub fn new(span: Span, step: Step, now: OffsetDateTime) -> Self {
        let until = span.until.unwrap_or(now);
        let from = span.since.or_else(|| until.checked_sub(step.span())).unwrap_or(until);
        let from = step.beginning(from);
        Self { from, until, step, user: None, network: None, format: Format::default() }
    }

    fn filter(&self) -> LoginFilter {
        let mut filter = LoginFilter::all();
        if let Some(user) = &self.user {
            filter = filter.of_user(user.clone());
        }
        if let Some(network) = self.network {
            filter = filter.from_network(network);
        }
        filter
    }

    fn span(&self) -> Span {
        Span { since: Some(self.from), until: Some(self.until) }
    }

    /// The beginnings of its steps, as many as a count may have and one more.
    fn steps(&self) -> impl Iterator<Item = OffsetDateTime> + use<> {
        let (until, length) = (self.until, self.step.length());
        let steps = std::iter::successors(Some(self.from), move |from| from.checked_add(length));
        let most = usize::try_from(Ledger::STEPS_MAX).unwrap_or_default();
        steps.take_while(move |from| *from < until).take(most + 1)
    }
}

/// The counts of a step.
#[derive(Clone, Debug, Serialize)]
struct Counts {
    #[serde(serialize_with = "output::exact_time")]
    from: OffsetDateTime,
    logins: u64,
    users: u64,
    ended: u64,
    /// The logins as a bar, for people.
    #[serde(skip)]
    bar: String,
}

impl Counts {
    fn none(from: OffsetDateTime) -> Self {
        Self { from, logins: 0, users: 0, ended: 0, bar: String::new() }
    }
}

impl Listed for Counts {
    const COLUMNS: &'static [Column] =
        &[whole("FROM"), whole("LOGINS"), whole("USERS"), whole("ENDED"), whole("")];
    const DROPPED: &'static [&'static str] = &["", "USERS", "ENDED"];

    fn cells(&self) -> Vec<String> {
        let number = |number: u64| number.to_string();
        let Self { logins, users, ended, .. } = *self;
        vec![words::to_second(self.from), number(logins), number(users), number(ended), self.bar.clone()]
    }
}

/// A bar for a number, where the largest has the longest. What is more than nothing has some of it.
fn bar(number: u64, most: u64) -> String {
    let halves = (number * BAR_CHARS * 2).checked_div(most).unwrap_or_default();
    let halves = if number > 0 { halves.max(1) } else { 0 };
    let whole = usize::try_from(halves / 2).unwrap_or_default();
    "█".repeat(whole) + if halves % 2 == 1 { "▌" } else { "" }
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::*;

    #[test]
    fn a_span_begins_with_a_whole_step() {
        let now = datetime!(2025-03-02 10:15:30.5 UTC);
        let at = |span, step| {
            let question = Question::new(span, step, now);
            (question.from, question.until, question.steps().count())
        };
        assert_eq!(at(Span::default(), Step::Hour), (datetime!(2025-02-28 10:00 UTC), now, 49));
        assert_eq!(at(Span::default(), Step::Day), (datetime!(2025-01-31 0:00 UTC), now, 31));
        let since = Some(datetime!(2025-03-01 01:30 +02:00));
        let span = Span { since, until: Some(datetime!(2025-03-01 0:00 UTC)) };
        assert_eq!(
            at(span, Step::Hour),
            (datetime!(2025-02-28 23:00 UTC), datetime!(2025-03-01 0:00 UTC), 1)
        );
        assert_eq!(at(span, Step::Day).0, datetime!(2025-02-28 0:00 UTC));
    }

    #[test]
    fn a_bar_is_as_long_as_its_share_and_none_for_nothing() {
        assert_eq!([0, 1, 50, 100].map(|number| bar(number, 100).chars().count()), [0, 1, 12, 24]);
        assert_eq!(bar(1, 100), "▌");
        assert_eq!(bar(0, 0), "");
    }
}
