//! Random interleavings of one browser's tabs: requests that overtake each other, answers that are late or
//! lost, double clicks, one process or two.

use std::collections::BTreeSet;
use std::env;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::stream;
use poem::http::StatusCode;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use session_ledger::Ledger;
use session_ledger::session::{EndReason, Policy, SessionId, UserId};
use session_ledger::web::Sessions;
use test_support::{Answer, Database, key_ring};

use crate::application::{CHANGES, application};
use crate::browser::{Browser, Sent};

/// How many interleavings are under way at the same time: most of their time they wait.
const AT_A_TIME: usize = 24;

struct Stage {
    ledger: Ledger,
    /// A browser that has never been to the application.
    browser: Browser,
    _database: Database,
}

/// One browser's story so far.
struct Story {
    browser: Browser,
    user: String,
    rng: StdRng,
    sent: Vec<(usize, Sent)>,
    /// Answers on their way, each with the place of its request in the order of arrivals.
    answered: Vec<(usize, Sent, Answer)>,
    arrivals: usize,
    /// The arrival of the last request that replaced the token for good, and whether its answer was taken.
    last_login: Option<(usize, bool)>,
    /// Whether the cookie of an earlier arrival was taken after that of the last login.
    is_clobbered: bool,
    has_lost_an_answer: bool,
    has_logged_out: bool,
    /// The changes that were answered with success, each with its session.
    changes: Vec<(SessionId, u32)>,
    /// The cookies that the browser had before any login arrived.
    anonymous: BTreeSet<String>,
    log: Vec<String>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_keeps_its_login_and_its_changes_whatever_its_tabs_do() {
    let (count, seed) = (number("TABS", 2_000), number("SEED", rand::random_range(0..1 << 32)));
    println!("SEED={seed} TABS={count}");
    let stage = Arc::new(Stage::set().await);
    stream::iter(0..count)
        .for_each_concurrent(AT_A_TIME, |nth| {
            let stage = Arc::clone(&stage);
            async move { stage.play(seed.wrapping_add(nth)).await }
        })
        .await;
    let verification = stage.ledger.verify(|_| {}).await.unwrap();
    assert!(verification.is_equal(), "{:?}", verification.differences);
}

impl Stage {
    async fn set() -> Self {
        let database = Database::fresh().await;
        let (here, there) =
            (database.ledger(Policy::default()).await, database.ledger(Policy::default()).await);
        // Refused at once instead of redirected after a wait, so that a story takes less time than the grace.
        let app = |ledger: &Ledger| {
            let sessions = Sessions::builder(ledger.clone(), key_ring()).refuse_superseded();
            application(sessions.build().unwrap())
        };
        let browser = Browser::new([app(&here), app(&there)]);
        Self { browser, ledger: here, _database: database }
    }

    async fn play(&self, seed: u64) {
        let mut story = Story::begin(self.browser.with_cookie(None), seed).await;
        let steps = story.rng.random_range(4..14);
        for _ in 0..steps {
            story.step().await;
        }
        story.come_to_rest().await;
        story.judge(&self.ledger).await;
    }
}

impl Story {
    /// A visitor who has kept something.
    async fn begin(browser: Browser, seed: u64) -> Self {
        let answer = browser.visit("/change/0").await;
        let mut story = Self {
            user: format!("user-{seed}"),
            rng: StdRng::seed_from_u64(seed),
            sent: Vec::new(),
            answered: Vec::new(),
            arrivals: 0,
            last_login: None,
            is_clobbered: false,
            has_lost_an_answer: false,
            has_logged_out: false,
            changes: Vec::new(),
            anonymous: browser.cookie().into_iter().collect(),
            log: vec![format!("SEED={seed} TABS=1")],
            browser,
        };
        story.note_change("/change/0", &answer);
        story
    }

    async fn step(&mut self) {
        match self.rng.random_range(0..10) {
            0..4 => self.send(),
            4..7 => self.let_one_arrive().await,
            7..9 => self.take_one(),
            _ => self.lose_one(),
        }
    }

    fn send(&mut self) {
        let change = self.rng.random_range(1..1_000);
        let login = format!("/login/{}", self.user);
        let (change, choices) = (format!("/change/{change}"), self.rng.random_range(0..12));
        let path = match choices {
            0..3 => &login,
            3..7 => change.as_str(),
            7 => "/renew",
            8 => "/reauthenticate",
            9 => "/me",
            10 => "/show",
            _ => "/logout",
        };
        let sent = self.browser.send(path);
        // A double click.
        let copies = if self.rng.random_bool(0.2) { 2 } else { 1 };
        for _ in 0..copies {
            let process = self.rng.random_range(0..2);
            self.log.push(format!("send {path}"));
            self.sent.push((process, sent.clone()));
        }
    }

    async fn let_one_arrive(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        let nth = self.rng.random_range(0..self.sent.len());
        let (process, sent) = self.sent.swap_remove(nth);
        self.arrive(process, sent).await;
    }

    async fn arrive(&mut self, process: usize, sent: Sent) {
        let answer = self.browser.arrive(&sent, process).await;
        self.log.push(format!("{} arrives: {} {}", sent.path, answer.status.as_u16(), answer.body));
        assert!(!answer.status.is_server_error(), "{:#?}", self.log);
        self.arrivals += 1;
        if answer.status == StatusCode::OK {
            self.note_change(&sent.path, &answer);
            if sent.path.starts_with("/login") || sent.path == "/reauthenticate" {
                self.last_login = Some((self.arrivals, false));
            }
            self.has_logged_out |= sent.path == "/logout";
        }
        self.answered.push((self.arrivals, sent, answer));
    }

    fn note_change(&mut self, path: &str, answer: &Answer) {
        if let (Some(change), StatusCode::OK) = (path.strip_prefix("/change/"), answer.status) {
            let session = answer.body.split(' ').next().unwrap().parse().unwrap();
            self.changes.push((session, change.parse().unwrap()));
        }
    }

    fn take_one(&mut self) {
        if self.answered.is_empty() {
            return;
        }
        let nth = self.rng.random_range(0..self.answered.len());
        let (arrival, sent, answer) = self.answered.swap_remove(nth);
        self.log.push(format!("the answer to {} is taken", sent.path));
        if let Some((login, is_taken)) = &mut self.last_login {
            *is_taken |= *login == arrival;
            self.is_clobbered |= *is_taken && arrival < *login && !answer.set_cookies().is_empty();
        }
        if let Some(again) = self.browser.take(&sent, &answer) {
            let process = self.rng.random_range(0..2);
            self.sent.push((process, again));
        }
        if self.last_login.is_none() {
            self.anonymous.extend(self.browser.cookie());
        }
    }

    fn lose_one(&mut self) {
        if let Some((_, sent, _)) = self.answered.pop() {
            self.log.push(format!("the answer to {} is lost", sent.path));
            self.has_lost_an_answer = true;
        }
    }

    async fn come_to_rest(&mut self) {
        while !self.sent.is_empty() || !self.answered.is_empty() {
            let arrives = self.answered.is_empty() || self.rng.random_bool(0.5);
            if arrives {
                self.let_one_arrive().await;
            } else {
                self.take_one();
            }
        }
    }

    async fn judge(mut self, ledger: &Ledger) {
        let user = UserId::from(self.user.as_str());
        let sessions = ledger.sessions(&user).await.unwrap();
        for summary in &sessions {
            let reason = summary.ended.as_ref().map(|(reason, _)| reason.clone());
            assert_ne!(reason, Some(EndReason::TokenReplayed), "an honest browser: {:#?}", self.log);
        }

        // No change that was answered with success is lost.
        let ids: BTreeSet<SessionId> = self.changes.iter().map(|(session, _)| *session).collect();
        for id in ids {
            let history = ledger.history(id).await.unwrap();
            let version = history.last().unwrap().entry.version;
            let state = ledger.state_at(id, version).await.unwrap();
            let kept = state.content.values.get(CHANGES.name()).map(|value| CHANGES.decode(value).unwrap());
            let kept = kept.unwrap_or_default();
            for (_, change) in self.changes.iter().filter(|(session, _)| *session == id) {
                assert!(kept.contains(change), "{change} is lost from {kept:?}: {:#?}", self.log);
            }
        }

        // Whoever holds a token of before the login gets nowhere. The browser may have taken it for an
        // attacker's.
        if !sessions.is_empty() && !self.has_logged_out {
            let old: Vec<String> = self.anonymous.iter().cloned().collect();
            if let Some(cookie) = old.choose(&mut self.rng) {
                let thief = self.browser.with_cookie(Some(cookie.clone()));
                for path in ["/me", "/change/7"] {
                    let answer = thief.arrive(&thief.send(path), 0).await;
                    assert_ne!(answer.status, StatusCode::OK, "{path}: {:#?}", self.log);
                    assert!(answer.set_cookies().is_empty(), "{path}: {:#?}", self.log);
                }
            }
            let live = sessions.iter().filter(|summary| summary.ended.is_none()).count();
            assert_eq!(live, 1, "one browser, one session: {:#?}", self.log);
        }

        // A browser that has got the last login's cookie is signed in.
        let has_cookie_of_login = self.last_login.is_some_and(|(_, is_taken)| is_taken);
        if has_cookie_of_login && !self.is_clobbered && !self.has_logged_out {
            let answer = self.browser.visit("/me").await;
            self.log.push(format!("at last /me: {} {}", answer.status.as_u16(), answer.body));
            assert_eq!(answer.status, StatusCode::OK, "{:#?}", self.log);
            assert!(answer.body.ends_with(&self.user), "{:#?}", self.log);
        }
    }
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |value| value.parse().expect("a number"))
}
