//! One random timeline, lived through by the model and the real system.

use poem::http::Method;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use session_ledger::Ledger;
use session_ledger::session::{Event, SessionId, UserId};
use test_support::{Answer, App, Visitor};

use crate::application::application;
use crate::deed::Deed;
use crate::model::{Cookie, Model, Page, Reply, Request};
use crate::rules::Rules;
use crate::scene::Scene;
use crate::session::Token;
use crate::tally;

const NAME: &str = "__Host-session";
const BROWSERS: usize = 3;

/// A cookie, and the token that the model takes it for.
#[derive(Clone)]
struct Held {
    token: Token,
    cookie: String,
}

/// A browser's present cookie, and those that it had before.
#[derive(Clone, Default)]
struct Browser {
    jar: Option<Held>,
    past: Vec<Held>,
}

struct Timeline<'a> {
    scene: &'a Scene,
    /// The same application in two processes.
    apps: [App; 2],
    ledger: Ledger,
    model: Model,
    browsers: [Browser; BROWSERS],
    users: [String; 2],
    /// The real sessions, in the order of the model's.
    ids: Vec<SessionId>,
    rng: StdRng,
    log: Vec<String>,
}

/// Plays the timeline of this seed.
pub(crate) async fn play(scene: &Scene, seed: u64) {
    let mut rng = StdRng::seed_from_u64(seed);
    let rules = Rules::drawn(&mut rng);
    scene.set_clocks(0).await;
    let (here, there) = tokio::join!(scene.process(rules.policy()), scene.process(rules.policy()));
    let mut timeline = Timeline {
        scene,
        apps: [application(&here), application(&there)],
        ledger: here,
        log: vec![format!("SEED={seed} TIMELINES=1"), format!("{rules:?}")],
        model: Model::new(rules),
        browsers: Default::default(),
        users: ["alice", "bob"].map(|name| format!("{name}-{seed}")),
        ids: Vec::new(),
        rng,
    };
    for _ in 0..timeline.rng.random_range(10..40) {
        timeline.step().await;
    }
    timeline.judge().await;
}

impl Timeline<'_> {
    async fn step(&mut self) {
        let pause = self.model.rules.pause(&mut self.rng);
        let nth = self.rng.random_range(0..BROWSERS);
        let held = self.browsers[nth].jar.as_ref().map(|held| self.model.session_of(held.token));
        let is_signed_in = held.is_some_and(|held| self.model.is_signed_in(held));
        let deed = Deed::drawn(&mut self.rng, &self.model.rules, &self.users, is_signed_in);
        let (jar, past) = (self.browsers[nth].jar.clone(), self.browsers[nth].past.choose(&mut self.rng));
        match self.rng.random_range(0..20) {
            0..12 => {
                let taken = self.arrive(pause, nth, jar, &deed).await;
                self.take(nth, taken);
            }
            12..15 => {
                self.arrive(pause, nth, jar, &deed).await;
                self.log.push("  lost".to_owned());
            }
            15..19 => {
                let first = self.arrive(pause, nth, jar.clone(), &deed).await;
                let second = self.arrive(1, nth, jar, &deed).await;
                self.log.push("  arrived twice".to_owned());
                let (first, second) =
                    if self.rng.random_bool(0.5) { (first, second) } else { (second, first) };
                self.take(nth, first);
                if self.rng.random_bool(0.5) {
                    self.take(nth, second);
                }
            }
            _ => {
                let old = past.cloned();
                self.log.push("  with an old cookie, of a backup or a thief".to_owned());
                self.arrive(pause, nth, old, &deed).await;
            }
        }
    }

    /// Lets a request arrive after some seconds, and compares. Returns what the answer makes of the jar, if
    /// it says anything of it.
    async fn arrive(
        &mut self,
        pause: i64,
        nth: usize,
        jar: Option<Held>,
        deed: &Deed,
    ) -> Option<Option<Held>> {
        self.model.now += pause;
        self.scene.set_clocks(self.model.now).await;
        let process = self.rng.random_range(0..2);
        let visitor = Visitor::new(&self.apps[process]);
        if let Some(held) = &jar {
            visitor.put_cookie(NAME, held.cookie.as_bytes());
        }
        let (now, token) = (self.model.now, jar.as_ref().map(|held| held.token));
        self.log.push(format!("{now}: browser {nth}, token {token:?}, process {process}: {deed:?}"));
        let expected = self.model.arrive(Request { token, deed, process });
        let answer = visitor.call(visitor.request(Method::POST, &deed.path(), "")).await;
        self.log.push(format!("  {} {:?} {:?}", answer.status.as_u16(), answer.body, ages(&answer)));
        tally::note(deed, answer.status.as_u16());
        self.compare(&expected, &answer);
        if let Some(token) = token {
            self.compare_seen(self.model.session_of(token)).await;
        }
        kept(&expected, &answer)
    }

    fn compare(&mut self, expected: &Reply, answer: &Answer) {
        if let Page::Shown(Some(nth), ..) = expected.page
            && nth == self.ids.len()
            && let Some(id) = id_in(answer)
        {
            self.ids.push(id);
        }
        let found = (answer.status.as_u16(), answer.body.clone());
        assert_eq!(found, self.told(&expected.page), "{expected:?} {:#?}", self.log);
        let expected_ages = match &expected.cookie {
            Cookie::None => vec![],
            Cookie::Removed => vec![Some(0)],
            Cookie::Set { age, .. } => vec![*age],
        };
        assert_eq!(ages(answer), expected_ages, "{expected:?} {:#?}", self.log);
    }

    /// The status and body of a page.
    fn told(&self, page: &Page) -> (u16, String) {
        let (status, text) = match page {
            Page::Shown(session, user, number) => {
                let id = session.map_or("-".to_owned(), |nth| self.id(nth));
                return (200, format!("{id} {} {number}", user.as_deref().unwrap_or("-")));
            }
            Page::NotSignedIn => (401, "please sign in"),
            Page::ProveAgain => (401, "Please prove again who you are."),
            Page::SendAgain => (409, "You have just signed in. Please send this again."),
            Page::LoadAgain => (409, "Please load the page again."),
            Page::Crowded => (409, "You are signed in on too many devices. Please sign out on one."),
            Page::Confirm => (403, "Please confirm once more that you want this."),
            Page::Wrong => (500, "Something went wrong on our side."),
        };
        (status, text.to_owned())
    }

    /// The id of a real session, unless there is none where the model has begun one.
    fn id(&self, nth: usize) -> String {
        self.ids.get(nth).map_or("a new one".to_owned(), ToString::to_string)
    }

    async fn compare_seen(&self, nth: usize) {
        let session = &self.model.sessions[nth];
        let expected = session.end.is_none().then_some(session.seen);
        let found = self.scene.seen(self.ids[nth], expected).await;
        assert_eq!(found, expected, "when session {nth} was seen: {session:?} {:#?}", self.log);
    }

    fn take(&mut self, nth: usize, jar: Option<Option<Held>>) {
        if let Some(jar) = jar {
            let browser = &mut self.browsers[nth];
            browser.past.extend(std::mem::replace(&mut browser.jar, jar));
        }
    }

    /// Compares how all sessions are at last.
    async fn judge(&self) {
        for (nth, (session, id)) in self.model.sessions.iter().zip(&self.ids).enumerate() {
            let history = self.ledger.history(*id).await.unwrap();
            let found = history.iter().find_map(|recorded| match recorded.entry.event() {
                Ok(Event::Ended(end)) => {
                    let (at, noticed) = (recorded.entry.occurred_at, recorded.recorded_at);
                    Some((end.reason.as_str().to_owned(), self.scene.second(at), self.scene.second(noticed)))
                }
                _ => None,
            });
            let expected = session.end.as_ref().map(|end| (end.reason.to_owned(), end.at, end.noticed));
            assert_eq!(found, expected, "the end of session {nth}: {:#?}", self.log);
        }
        for user in &self.users {
            self.judge_list(user).await;
        }
    }

    /// The list of a user's sessions also says which of them are over though nobody has noticed.
    async fn judge_list(&self, user: &str) {
        let listed = self.ledger.sessions(&UserId::from(user)).await.unwrap();
        let mut found: Vec<_> = listed
            .iter()
            .map(|one| {
                let end = one
                    .ended
                    .as_ref()
                    .map(|(reason, at)| (reason.as_str().to_owned(), self.scene.second(*at)));
                (one.id, end)
            })
            .collect();
        found.sort_unstable();
        let (rules, now) = (&self.model.rules, self.model.now);
        let of_user = self.model.sessions.iter().zip(&self.ids);
        let mut expected: Vec<_> = of_user
            .filter(|(session, _)| session.user.as_deref() == Some(user))
            .map(|(session, id)| {
                let noticed = session.end.as_ref().map(|end| (end.reason, end.at));
                let end = noticed.or_else(|| session.over(rules, now));
                (*id, end.map(|(reason, at)| (reason.to_owned(), at)))
            })
            .collect();
        expected.sort_unstable();
        assert_eq!(found, expected, "the sessions of {user}: {:#?}", self.log);
    }
}

fn id_in(answer: &Answer) -> Option<SessionId> {
    answer.body.split(' ').next().and_then(|id| id.parse().ok())
}

/// The ages of the cookies that an answer sets; `None` for one that is kept until the browser closes.
fn ages(answer: &Answer) -> Vec<Option<i64>> {
    let age = |line: &str| {
        let mut attributes = line.split("; ");
        attributes.find_map(|one| one.strip_prefix("Max-Age=")).map(|seconds| seconds.parse().unwrap())
    };
    answer.set_cookies().into_iter().map(age).collect()
}

/// What an answer makes of the jar, if it says anything of it.
fn kept(expected: &Reply, answer: &Answer) -> Option<Option<Held>> {
    match expected.cookie {
        Cookie::None => None,
        Cookie::Removed => Some(None),
        Cookie::Set { token, .. } => {
            let line = answer.set_cookies()[0];
            let pair = line.split(';').next().unwrap();
            let cookie = pair.strip_prefix(NAME).and_then(|rest| rest.strip_prefix('=')).unwrap().to_owned();
            Some(Some(Held { token, cookie }))
        }
    }
}
