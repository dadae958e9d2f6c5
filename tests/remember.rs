//! "Remember me": a session that outlives its browser, and the age of its cookie (NIST SP 800-63B-4 section
//! 5.1; RFC 6265bis section 5.5).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::time::Duration;

use poem::http::Method;
use poem::web::Path;
use poem::{EndpointExt, Result, Route, get, handler};
use session_ledger::Ledger;
use session_ledger::ledger::Finding;
use session_ledger::session::{Assurance, EndReason, Policy, Timeouts};
use session_ledger::web::{Session, Sessions};
use test_support::{Answer, App, Database, Visitor, app, key_ring};

const NAME: &str = "__Host-session";
const DAY: u64 = 24 * 3600;
const SPAN: u64 = 10 * DAY;

/// Longer than the policy's `renewal_grace`.
const PAST_GRACE: u64 = 31;

#[handler]
fn login(session: Session, Path(level): Path<u8>) -> Result<()> {
    let assurance = if level == 1 { Assurance::Aal1 } else { Assurance::Aal2 };
    Ok(session.login_with("alice", &["pwd"], assurance)?)
}

#[handler]
fn login_and_remember(session: Session, Path(seconds): Path<u64>) -> Result<()> {
    session.login("alice")?;
    Ok(session.remember(Duration::from_secs(seconds))?)
}

#[handler]
fn remember(session: Session, Path(seconds): Path<u64>) -> Result<String> {
    let granted = session.remember(Duration::from_secs(seconds));
    Ok(granted.map_or_else(|error| error.to_string(), |()| "remembered".to_owned()))
}

#[handler]
fn forget(session: Session) -> Result<()> {
    Ok(session.forget()?)
}

#[handler]
fn step_up(session: Session) -> Result<()> {
    Ok(session.reauthenticate(&["otp"], Assurance::Aal2)?)
}

#[handler]
fn limit(session: Session, Path((idle, absolute)): Path<(u32, u32)>) -> Result<()> {
    Ok(session.set_timeouts(Timeouts::default().idle(idle).absolute(absolute))?)
}

#[handler]
fn me(session: Session) -> String {
    let user = session.user().map_or("-".to_owned(), |user| user.to_string());
    format!("{user} {:?}", session.remembered().map(|span| span.as_secs()))
}

fn site(ledger: &Ledger) -> App {
    let route = Route::new()
        .at("/login/:level", get(login))
        .at("/login-remember/:seconds", get(login_and_remember))
        .at("/remember/:seconds", get(remember))
        .at("/forget", get(forget))
        .at("/step-up", get(step_up))
        .at("/limit/:idle/:absolute", get(limit))
        .at("/me", get(me));
    app(route.with(Sessions::new(ledger.clone(), key_ring())))
}

struct Scene {
    visitor: Visitor,
    ledger: Ledger,
    database: Database,
}

async fn scene(policy: Policy) -> Scene {
    let database = Database::fresh().await;
    let ledger = database.ledger(policy).await;
    Scene { visitor: Visitor::new(&site(&ledger)), ledger, database }
}

impl Scene {
    async fn kinds(&self) -> Vec<String> {
        let session = self.ledger.sessions(&"alice".into()).await.unwrap()[0].id;
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|recorded| recorded.entry.encoded.kind().to_owned()).collect()
    }

    async fn ended(&self) -> Option<EndReason> {
        let sessions = self.ledger.sessions(&"alice".into()).await.unwrap();
        sessions[0].ended.clone().map(|(reason, _)| reason)
    }

    async fn pass(&self, seconds: u64) {
        self.database.set_clock_ahead(Duration::from_secs(seconds)).await;
    }
}

/// The ages of the cookies that an answer sets; `None` for one that is kept until the browser closes.
fn ages(answer: &Answer) -> Vec<Option<u64>> {
    let age = |line: &str| line.split("; Max-Age=").nth(1).map(|seconds| seconds.parse().unwrap());
    answer.set_cookies().into_iter().map(age).collect()
}

#[tokio::test]
async fn the_cookie_of_a_remembered_session_alone_has_an_age() {
    let scene = scene(Policy::default()).await;
    assert_eq!(ages(&scene.visitor.get("/login/1").await), [None]);
    let remembered = Visitor::new(&site(&scene.ledger));
    let answer = remembered.get(&format!("/login-remember/{SPAN}")).await;
    let token = remembered.cookie(NAME).unwrap();
    let golden = format!("{NAME}={token}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={SPAN}");
    assert_eq!(answer.set_cookies(), [golden]);
    assert_eq!(remembered.get("/me").await.body, format!("alice Some({SPAN})"));
    assert_eq!(scene.visitor.get("/me").await.body, "alice None");
}

#[tokio::test]
async fn a_browser_that_is_closed_and_opened_again_is_signed_in_if_it_was_remembered() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get("/login/1").await;
    scene.visitor.reopen();
    assert_eq!(scene.visitor.get("/me").await.body, "- None");
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    scene.visitor.reopen();
    assert_eq!(scene.visitor.get("/me").await.body, format!("alice Some({SPAN})"));
    scene.visitor.get("/forget").await;
    scene.visitor.reopen();
    assert_eq!(scene.visitor.get("/me").await.body, "- None");
}

/// The settings are facts of the session, in the request that logs in or in a later one.
#[tokio::test]
async fn remembering_with_a_login_costs_one_event_more_and_no_second_token() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    assert_eq!(scene.kinds().await, ["started", "logged_in", "settings_changed"]);
    for path in ["/me", "/me"] {
        assert!(scene.visitor.get(path).await.set_cookies().is_empty(), "nothing is offered for now");
    }
    assert_eq!(scene.visitor.get(&format!("/remember/{SPAN}")).await.set_cookies(), [""; 0], "it is already");
    assert_eq!(scene.kinds().await, ["started", "logged_in", "settings_changed"]);
}

#[tokio::test]
async fn remembering_after_a_login_and_forgetting_give_the_browser_another_token() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get("/login/1").await;
    let at_login = scene.visitor.cookie(NAME);
    assert_eq!(ages(&scene.visitor.get(&format!("/remember/{SPAN}")).await), [Some(SPAN)]);
    assert_ne!(scene.visitor.cookie(NAME), at_login, "the request's own token is never sent again");
    assert_eq!(scene.visitor.get("/me").await.body, format!("alice Some({SPAN})"));
    let remembered = scene.visitor.cookie(NAME);
    assert_eq!(ages(&scene.visitor.get("/forget").await), [None]);
    assert_ne!(scene.visitor.cookie(NAME), remembered);
    assert_eq!(scene.visitor.get("/me").await.body, "alice None");
    assert!(scene.visitor.get("/forget").await.set_cookies().is_empty());
    let expected =
        ["started", "logged_in", "settings_changed", "renewal_offered", "renewed", "settings_changed"];
    let kinds = scene.kinds().await;
    assert_eq!(kinds[..6], expected);
    assert_eq!(kinds[6..], ["renewal_offered", "renewed"]);
}

#[tokio::test]
async fn a_visitor_nobody_is_signed_in_as_can_be_remembered() {
    let scene = scene(Policy::default()).await;
    assert_eq!(ages(&scene.visitor.get(&format!("/remember/{SPAN}")).await), [Some(SPAN)]);
    assert_eq!(scene.visitor.get("/me").await.body, format!("- Some({SPAN})"));
}

/// A remembered session lives as long as its cookie, and one that is forgotten by the policy's limit again.
#[tokio::test]
async fn a_remembered_session_has_a_limit_of_its_own() {
    let policy = Policy::default().idle_timeout(1_800);
    let (scene, other) = (scene(policy.clone()).await, scene(policy).await);
    for scene in [&scene, &other] {
        scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    }
    other.visitor.get("/forget").await;
    for scene in [&scene, &other] {
        scene.pass(SPAN - 60).await;
    }
    assert_eq!(scene.visitor.get("/me").await.body, format!("alice Some({SPAN})"));
    assert_eq!(other.visitor.get("/me").await.body, "- None");
    assert_eq!(other.ended().await, Some(EndReason::IdleTimeout));
    scene.pass(SPAN + DAY).await;
    assert_eq!(scene.ended().await, None, "it was used a day ago");
    scene.pass(2 * SPAN + DAY).await;
    assert_eq!(scene.ended().await, Some(EndReason::IdleTimeout));
}

/// Each use prolongs the cookie once a tenth of its time is over: ten writes for each span at the most.
#[tokio::test]
async fn the_age_slides_while_the_session_is_used() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    scene.pass(DAY - 3_600).await;
    assert!(scene.visitor.get("/me").await.set_cookies().is_empty(), "less than a tenth is over");
    let mut tokens = vec![scene.visitor.cookie(NAME).unwrap()];
    for day in 1..=12 {
        scene.pass(day * DAY + 60).await;
        assert_eq!(ages(&scene.visitor.get("/me").await), [Some(SPAN)], "day {day}");
        tokens.push(scene.visitor.cookie(NAME).unwrap());
        assert!(scene.visitor.get("/me").await.set_cookies().is_empty(), "day {day}: it is shown");
    }
    let before = tokens.len();
    tokens.sort_unstable();
    tokens.dedup();
    assert_eq!(tokens.len(), before, "each is a new one");
    let differences = scene.ledger.verify(|_| {}).await.unwrap().differences;
    // The test has moved the clock.
    let of_clock = |found: &Finding| matches!(found, Finding::OutOfPlace { .. } | Finding::SeenAhead { .. });
    assert!(differences.iter().all(|one| of_clock(&one.finding)), "{differences:?}");
}

#[tokio::test]
async fn the_age_never_promises_more_than_the_session_has_left() {
    let scene = scene(Policy::default().absolute_timeout(13 * DAY as u32).idle_timeout(5 * DAY as u32)).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    scene.pass(DAY + 60).await;
    assert_eq!(ages(&scene.visitor.get("/me").await), [Some(SPAN)]);
    scene.visitor.get("/me").await;
    scene.pass(4 * DAY).await;
    let found = ages(&scene.visitor.get("/me").await);
    let [Some(age)] = found[..] else { panic!("{found:?}") };
    assert!((9 * DAY - 600..=9 * DAY).contains(&age), "{age}");
    scene.visitor.get("/me").await;
    scene.pass(8 * DAY).await;
    assert!(
        scene.visitor.get("/me").await.set_cookies().is_empty(),
        "the absolute limit is promised already"
    );
    scene.pass(13 * DAY).await;
    assert_eq!(scene.ended().await, Some(EndReason::AbsoluteTimeout));
}

#[tokio::test]
async fn a_limit_shorter_than_the_span_is_the_cookie_s_age() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/remember/{SPAN}")).await;
    scene.visitor.get(&format!("/limit/3600/{}", 12 * DAY)).await;
    assert_eq!(ages(&scene.visitor.get("/login/1").await), [Some(3_600)]);
}

/// The answer with the new token never reaches the browser: the old one is as good as before, and brings it
/// along again.
#[tokio::test]
async fn a_sliding_renewal_whose_answer_is_lost_costs_nothing() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    scene.pass(2 * DAY).await;
    let lost = scene.visitor.call(scene.visitor.request(Method::GET, "/me", "")).await;
    assert_eq!(ages(&lost), [Some(SPAN)]);
    scene.pass(2 * DAY + PAST_GRACE).await;
    let again = scene.visitor.get("/me").await;
    assert_eq!((again.body.as_str(), &ages(&again)[..]), ("alice Some(864000)", &[Some(SPAN)][..]));
    assert_eq!(scene.visitor.get("/me").await.set_cookies(), [""; 0]);
    let kinds = scene.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "renewal_offered").count(), 1);
    assert_eq!(scene.ended().await, None);
}

/// Two tabs ask at once when the renewal is due: whichever answer comes last, the browser is signed in, and
/// there is one new token.
#[tokio::test]
async fn two_tabs_that_slide_at_once_get_one_token() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    for round in 1..=6 {
        scene.pass(round * 2 * DAY).await;
        let tab = || scene.visitor.call(scene.visitor.request(Method::GET, "/me", ""));
        let answers = tokio::join!(tab(), tab(), tab());
        let answers = [answers.0, answers.1, answers.2];
        let lines: Vec<_> = answers.iter().flat_map(Answer::set_cookies).collect();
        assert!(!lines.is_empty(), "round {round}");
        assert!(answers.iter().all(|answer| answer.body.starts_with("alice")), "round {round}");
        for line in lines {
            // Each of these answers may be the last to arrive.
            let browser = scene.visitor.copy();
            let value = line.strip_prefix("__Host-session=").unwrap().split(';').next().unwrap();
            browser.put_cookie(NAME, value);
            assert!(browser.get("/me").await.body.starts_with("alice"), "round {round}");
            scene.visitor.put_cookie(NAME, value);
        }
    }
    let kinds = scene.kinds().await;
    assert_eq!(kinds.iter().filter(|kind| *kind == "renewal_offered").count(), 6, "{kinds:?}");
    assert_eq!(scene.ended().await, None);
}

/// A late request with the token of before a renewal may set no cookie, so the next one does.
#[tokio::test]
async fn a_latecomer_that_asks_to_be_remembered_is_so_with_the_next_answer() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get("/login/1").await;
    let late = scene.visitor.copy();
    scene.visitor.get("/remember/864000").await;
    scene.visitor.get("/me").await;
    assert_eq!(late.get("/remember/432000").await.set_cookies(), [""; 0]);
    assert_eq!(ages(&scene.visitor.get("/me").await), [Some(432_000)]);
    assert_eq!(scene.visitor.get("/me").await.body, "alice Some(432000)");
}

#[tokio::test]
async fn what_cannot_be_promised_is_refused_by_its_name() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get("/login/1").await;
    let rows = [
        (0, "setting `remember` must be at least 1 second; `forget` lets the browser forget"),
        (
            30 * DAY + 1,
            "setting `remember` is 2592001 seconds, longer than the `absolute_timeout` of 30 days",
        ),
        (400 * DAY + 1, "setting `remember` is longer than the 400 days for which browsers keep a cookie"),
        (u64::MAX, "setting `remember` is longer than the 400 days for which browsers keep a cookie"),
        (30 * DAY, "remembered"),
        (1, "remembered"),
    ];
    for (seconds, told) in rows {
        assert_eq!(scene.visitor.get(&format!("/remember/{seconds}")).await.body, told);
    }
    let endless = Policy::default().absolute_timeout(None).deviation("A kiosk.");
    let kiosk = self::scene(endless).await;
    let answer = kiosk.visitor.get(&format!("/login-remember/{}", 400 * DAY)).await;
    assert_eq!(ages(&answer), [Some(34_560_000)], "as long as a browser keeps any cookie");
}

/// N2 of NIST SP 800-63B-4 section 5.1: a secret that outlives the browser is for AAL1.
#[tokio::test]
async fn at_aal2_nobody_is_remembered_unless_the_policy_says_why() {
    let refusal = "setting `remember` is for AAL1 by NIST SP 800-63B-4 section 5.1, and this session has AAL2: leave it out, \
                   or say why with `deviation`";
    for policy in [Policy::aal2(), Policy::aal1()] {
        let scene = scene(policy).await;
        scene.visitor.get("/login/2").await;
        assert_eq!(scene.visitor.get("/remember/3000").await.body, refusal);
        assert_eq!(scene.visitor.get("/me").await.body, "alice None");
    }
    let deviating = scene(Policy::aal2().deviation("Managed devices with locked screens.")).await;
    deviating.visitor.get("/login/2").await;
    assert_eq!(ages(&deviating.visitor.get("/remember/3000").await), [Some(3_000)]);
}

#[tokio::test]
async fn a_remembered_session_that_rises_to_aal2_is_forgotten_by_the_browser() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    assert_eq!(ages(&scene.visitor.get("/step-up").await), [None]);
    scene.pass(5 * DAY).await;
    assert!(scene.visitor.get("/me").await.set_cookies().is_empty(), "nothing slides");
    assert_eq!(ages(&scene.visitor.get("/login/1").await), [Some(SPAN)], "back at AAL1");
}

#[tokio::test]
async fn a_session_that_the_next_user_starts_is_not_remembered() {
    let scene = scene(Policy::default()).await;
    scene.visitor.get(&format!("/login-remember/{SPAN}")).await;
    let logged_out = scene.ledger.end_all(&"alice".into(), EndReason::LoggedOut).await.unwrap();
    assert_eq!(logged_out, 1);
    scene.pass(PAST_GRACE).await;
    assert_eq!(ages(&scene.visitor.get("/login/1").await), [None]);
}
