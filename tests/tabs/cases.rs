//! Stories of tabs that went wrong once.

mod parts;

use poem::http::StatusCode;
use session_ledger::Ledger;
use session_ledger::session::{Policy, SessionId, UserId};
use session_ledger::web::{Incident, Sessions};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use test_support::{Answer, Database, key_ring};

use crate::application::application;
use crate::browser::Browser;

const PAST_GRACE: Duration = Duration::from_secs(31);

struct Scene {
    browser: Browser,
    ledger: Ledger,
    database: Database,
    incidents: Arc<Mutex<Vec<Incident>>>,
}

impl Scene {
    async fn set() -> Self {
        Self::under(Policy::default()).await
    }

    async fn under(policy: Policy) -> Self {
        let database = Database::fresh().await;
        let ledger = database.ledger(policy).await;
        let incidents = Arc::new(Mutex::new(Vec::new()));
        let app = || {
            let told = Arc::clone(&incidents);
            let hook = move |incident: &Incident| told.lock().unwrap().push(incident.clone());
            application(Sessions::builder(ledger.clone(), key_ring()).on_incident(hook).build().unwrap())
        };
        Self { browser: Browser::new([app(), app()]), ledger: ledger.clone(), database, incidents }
    }

    /// A visitor with a change in an anonymous session.
    async fn visitor() -> Self {
        let scene = Self::set().await;
        assert_eq!(scene.browser.visit("/change/1").await.status, StatusCode::OK);
        scene
    }

    async fn arrive(&self, path: &str, cookie: Option<String>) -> Answer {
        let tab = self.browser.with_cookie(cookie);
        tab.arrive(&tab.send(path), 0).await
    }

    async fn kinds(&self, session: SessionId) -> Vec<String> {
        let history = self.ledger.history(session).await.unwrap();
        history.iter().map(|recorded| recorded.entry.encoded.kind().to_owned()).collect()
    }

    async fn live_sessions(&self, user: &str) -> Vec<SessionId> {
        let sessions = self.ledger.sessions(&UserId::from(user)).await.unwrap();
        sessions.iter().filter(|one| one.ended.is_none()).map(|one| one.id).collect()
    }

    /// A double click on the button of a login, of which the first answer alone comes back. Returns the
    /// cookie of the other.
    async fn keep_the_first_of_two_logins(&self) -> Option<String> {
        assert_eq!(self.browser.visit("/change/0").await.status, StatusCode::OK);
        let (first, second) = (self.browser.send("/login/alice"), self.browser.send("/login/alice"));
        let answer = self.browser.arrive(&first, 0).await;
        let other = self.browser.with_cookie(None);
        other.take(&second, &self.browser.arrive(&second, 1).await);
        self.browser.take(&first, &answer);
        other.cookie()
    }

    /// Waits until somebody has noted, or changed, the one session so long after the beginning.
    async fn wait_until_seen_from(&self, later: Duration) {
        let seen = format!(
            "session_ledger.session left join session_ledger.activity using (session_id)
              where greatest(changed_at, last_seen) > clock_timestamp() + interval '{} seconds'",
            later.as_secs() - 5
        );
        let patience = Instant::now() + Duration::from_secs(20);
        while self.database.count(&seen).await == 0 {
            assert!(Instant::now() < patience, "nobody has noted that the session was seen");
        }
    }

    async fn wait_until_seen(&self) {
        let patience = Instant::now() + Duration::from_secs(20);
        while self.database.count("session_ledger.activity").await == 0 {
            assert!(Instant::now() < patience, "nobody has noted that the session was seen");
        }
    }
}

fn session_of(answer: &Answer) -> SessionId {
    answer.body.split(' ').next().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_change_in_another_tab_does_not_take_the_login_away() {
    let scene = Scene::visitor().await;
    let change = scene.browser.send("/change/2");
    scene.browser.visit("/login/alice").await;
    let answer = scene.browser.arrive(&change, 0).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::TEMPORARY_REDIRECT, 0));
    // The browser has the new cookie by now.
    let again = scene.browser.take(&change, &answer).unwrap();
    let answer = scene.browser.arrive(&again, 0).await;
    assert_eq!(answer.status, StatusCode::OK);
    let shown = scene.browser.visit("/show").await;
    assert!(shown.body.ends_with("alice [1, 2]"), "{}", shown.body);
    assert_eq!(scene.live_sessions("alice").await, [session_of(&shown)]);
}

#[tokio::test]
async fn a_late_change_with_the_token_of_before_the_login_touches_no_cookie() {
    let scene = Scene::visitor().await;
    let old = scene.browser.cookie();
    scene.browser.visit("/login/alice").await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    let answer = scene.arrive("/change/2", old).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::CONFLICT, 0));
    assert_eq!(answer.body, "Please load the page again.");
    assert!(scene.browser.visit("/show").await.body.ends_with("alice [1]"));
}

#[tokio::test]
async fn a_change_with_two_cookies_of_the_name_is_refused() {
    let scene = Scene::visitor().await;
    let cookie = scene.browser.cookie().unwrap();
    let two = format!("{cookie}; __Host-session={cookie}");
    let read = scene.arrive("/show", Some(two.clone())).await;
    assert_eq!((read.status, read.body.as_str()), (StatusCode::OK, "- - []"));
    for path in ["/change/2", "/login/alice"] {
        let answer = scene.arrive(path, Some(two.clone())).await;
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::CONFLICT, 0), "{path}");
    }
    assert!(scene.browser.visit("/show").await.body.ends_with("- [1]"));
}

#[tokio::test]
async fn a_second_click_on_login_joins_the_session_of_the_first() {
    let scene = Scene::visitor().await;
    let (first, second) = (scene.browser.send("/login/alice"), scene.browser.send("/login/alice"));
    let first_answer = scene.browser.arrive(&first, 0).await;
    let second_answer = scene.browser.arrive(&second, 1).await;
    assert_eq!(session_of(&first_answer), session_of(&second_answer));
    assert_eq!(scene.live_sessions("alice").await.len(), 1);
    // Whichever answer comes last, the browser is signed in, with what it had.
    for (earlier, later) in [(&first_answer, &second_answer), (&second_answer, &first_answer)] {
        let browser = scene.browser.with_cookie(scene.browser.cookie());
        browser.take(&first, earlier);
        browser.take(&second, later);
        assert!(browser.visit("/show").await.body.ends_with("alice [1]"));
    }
}

#[tokio::test]
async fn a_login_of_another_user_with_a_superseded_token_starts_a_session_of_its_own() {
    let scene = Scene::visitor().await;
    let late = scene.browser.send("/login/bob");
    let alice = scene.browser.visit("/login/alice").await;
    let bob = scene.browser.arrive(&late, 0).await;
    assert_eq!(bob.status, StatusCode::OK);
    assert_ne!(session_of(&alice), session_of(&bob));
    let shown = scene.browser.with_cookie(None);
    shown.take(&late, &bob);
    assert!(shown.visit("/show").await.body.ends_with("bob []"), "nothing of the other's session is his");
}

#[tokio::test]
async fn three_parallel_renewals_are_one_offer() {
    let scene = Scene::visitor().await;
    scene.browser.visit("/login/alice").await;
    let sent: Vec<_> = (0..3).map(|_| scene.browser.send("/renew")).collect();
    let (one, two, three) = tokio::join!(
        scene.browser.arrive(&sent[0], 0),
        scene.browser.arrive(&sent[1], 1),
        scene.browser.arrive(&sent[2], 0)
    );
    for (sent, answer) in sent.iter().zip([one, two, three]) {
        assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::OK, 1));
        scene.browser.take(sent, &answer);
    }
    let shown = scene.browser.visit("/show").await;
    assert!(shown.body.ends_with("alice [1]"));
    let kinds = scene.kinds(session_of(&shown)).await;
    assert_eq!(kinds[2..], ["logged_in", "renewed", "renewal_offered", "renewed"]);
}

#[tokio::test]
async fn a_login_then_a_step_up_then_a_late_request_of_the_visitor_end_nothing() {
    let scene = Scene::visitor().await;
    let anonymous = scene.browser.cookie();
    scene.browser.visit("/login/alice").await;
    scene.browser.visit("/reauthenticate").await;
    let late = scene.arrive("/me", anonymous).await;
    assert_eq!((late.status, late.set_cookies().len()), (StatusCode::TEMPORARY_REDIRECT, 0));
    assert!(scene.browser.visit("/show").await.body.ends_with("alice [1]"));
    assert!(scene.incidents.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_renewal_whose_answer_is_lost_costs_nothing() {
    let scene = Scene::visitor().await;
    scene.browser.visit("/login/alice").await;
    let renewal = scene.browser.send("/renew");
    scene.browser.arrive(&renewal, 0).await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    // The old token is as good as before, and brings the offered one along.
    let sent = scene.browser.send("/show");
    let shown = scene.browser.arrive(&sent, 0).await;
    assert!(shown.body.ends_with("alice [1]"));
    assert_eq!(shown.set_cookies().len(), 1);
    scene.browser.take(&sent, &shown);
    assert!(scene.browser.visit("/show").await.body.ends_with("alice [1]"));
    assert!(scene.incidents.lock().unwrap().is_empty());
}

#[tokio::test]
async fn nothing_is_sent_again_once_the_new_token_was_shown() {
    let scene = Scene::visitor().await;
    scene.browser.visit("/login/alice").await;
    let stolen = scene.browser.cookie();
    scene.browser.visit("/renew").await;
    let shown = scene.browser.visit("/show").await;
    assert!(shown.body.ends_with("alice [1]"));
    let kept = "session_ledger.session where resend is not null";
    assert_eq!(scene.database.count(kept).await, 0, "the offered secret is dropped when it is taken");
    // Within the grace a request under way is let in, and gets no token.
    let late = scene.arrive("/show", stolen.clone()).await;
    assert!(late.body.ends_with("alice [1]"));
    assert!(late.set_cookies().is_empty());
    // Afterwards it is a theft.
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(scene.arrive("/me", stolen).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.kinds(session_of(&shown)).await.last().unwrap(), "ended");
    assert_eq!(scene.incidents.lock().unwrap().len(), 1);
}

#[tokio::test]
async fn who_holds_the_token_of_before_a_login_gets_nowhere() {
    let scene = Scene::visitor().await;
    let planted = scene.browser.cookie();
    scene.browser.visit("/login/alice").await;
    for path in ["/show", "/me", "/change/2", "/renew", "/logout", "/reauthenticate"] {
        let answer = scene.arrive(path, planted.clone()).await;
        assert_eq!((answer.status, answer.body.as_str()), (StatusCode::TEMPORARY_REDIRECT, ""), "{path}");
        assert!(answer.set_cookies().is_empty(), "{path}");
    }
    scene.wait_until_seen_after(&scene.browser).await;
    assert!(scene.browser.visit("/show").await.body.ends_with("alice [1]"));
}

/// Two logins of a double click meet, and the answer to the second is lost. The first change with the token
/// of the first login counted as a sign that the browser had the second, so that the next one was a theft.
#[tokio::test]
async fn who_holds_the_token_of_the_first_of_two_logins_is_no_thief() {
    let scene = Scene::visitor().await;
    let (first, second) = (scene.browser.send("/login/alice"), scene.browser.send("/login/alice"));
    let answer = scene.browser.arrive(&first, 0).await;
    assert_eq!(scene.browser.arrive(&second, 1).await.status, StatusCode::OK);
    scene.browser.take(&first, &answer);
    scene.database.set_clock_ahead(PAST_GRACE).await;
    for change in 2..5 {
        assert_eq!(scene.browser.visit(&format!("/change/{change}")).await.status, StatusCode::OK);
    }
    assert!(scene.browser.visit("/show").await.body.ends_with("alice [1, 2, 3, 4]"));
    assert!(scene.incidents.lock().unwrap().is_empty());
}

/// The session remembers nine tokens. A late request with the first of ten ended it as a theft.
#[tokio::test]
async fn a_token_that_is_forgotten_among_many_is_no_replay_within_the_grace() {
    let scene = Scene::visitor().await;
    let of_visitor = scene.browser.cookie();
    let session = session_of(&scene.browser.visit("/login/alice").await);
    for _ in 0..10 {
        assert_eq!(scene.browser.visit("/reauthenticate").await.status, StatusCode::OK);
    }
    assert_eq!(scene.browser.visit("/me").await.status, StatusCode::OK);
    let late = scene.arrive("/change/7", of_visitor.clone()).await;
    assert!(late.status.is_redirection() && late.set_cookies().is_empty(), "{late:?}");
    assert_eq!(scene.live_sessions("alice").await, [session]);

    // Past the grace it is what it looks like.
    scene.wait_until_seen().await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    scene.arrive("/show", of_visitor).await;
    assert_eq!(scene.live_sessions("alice").await, []);
    assert_eq!(scene.kinds(session).await.last().unwrap(), "ended");
}

/// A double click on the button of a login, of which the browser keeps the first answer alone. It was let in
/// for ever, but as a latecomer: its visits were not noted, so that its session ended while it was used, and
/// its token was never renewed.
#[tokio::test]
async fn the_token_of_the_first_of_two_logins_is_the_sessions_own_once_its_grace_is_over() {
    let policy = Policy::default().idle_timeout(600).extension_delay(60).renewal_timeout(2_000);
    let scene = Scene::under(policy).await;
    scene.keep_the_first_of_two_logins().await;
    for hundreds in [4, 8, 12, 16] {
        let later = Duration::from_secs(hundreds * 100);
        scene.database.set_clock_ahead(later).await;
        let shown = scene.browser.visit("/me").await;
        assert_eq!(shown.status, StatusCode::OK, "{later:?}");
        scene.wait_until_seen_from(later).await;
    }
    let session = session_of(&scene.browser.visit("/me").await);
    let own = ["started", "value_set", "logged_in", "renewed", "logged_in", "renewed", "renewed"];
    assert_eq!(scene.kinds(session).await, own, "it has become the session's own once");

    // Its token is renewed like any other, from the time on when it was made.
    scene.database.set_clock_ahead(Duration::from_secs(2_100)).await;
    assert_eq!(scene.browser.visit("/me").await.set_cookies().len(), 1);
    assert_eq!(scene.browser.visit("/me").await.set_cookies().len(), 0);
    assert!(scene.incidents.lock().unwrap().is_empty());
}

/// What a late request changes has the time of the event before it: here that of the second login, and the
/// token that the browser kept counted as made then. So the browser never got a cookie with an age.
#[tokio::test]
async fn who_keeps_the_token_of_the_first_of_two_logins_is_remembered_as_well() {
    let scene = Scene::set().await;
    scene.keep_the_first_of_two_logins().await;
    assert_eq!(scene.browser.visit("/remember").await.status, StatusCode::OK);
    scene.database.set_clock_ahead(PAST_GRACE).await;
    assert_eq!(scene.browser.visit("/change/1").await.status, StatusCode::OK);
    let answer = scene.browser.visit("/me").await;
    assert!(answer.set_cookies()[0].contains("; Max-Age=86400"), "{answer:?}");
}

/// Whoever comes with the other token of the two afterwards is late for the grace, and a thief then.
#[tokio::test]
async fn both_tokens_of_two_logins_open_the_session_until_one_is_its_own() {
    let scene = Scene::set().await;
    let other = scene.keep_the_first_of_two_logins().await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    let session = session_of(&scene.browser.visit("/change/1").await);
    scene.database.set_clock_ahead(PAST_GRACE + Duration::from_secs(1)).await;
    assert_eq!(scene.browser.visit("/change/2").await.status, StatusCode::OK);
    assert_eq!(scene.arrive("/me", other.clone()).await.status, StatusCode::OK);
    scene.database.set_clock_ahead(2 * PAST_GRACE).await;
    assert_eq!(scene.arrive("/me", other).await.status, StatusCode::UNAUTHORIZED);
    assert_eq!(scene.kinds(session).await.last().unwrap(), "ended");
    assert_eq!(scene.incidents.lock().unwrap().len(), 1);
}

/// The same browser logs in once more, in two tabs, when the grace is over. Its token was forgotten then, so
/// that the second tab was taken for a thief.
#[tokio::test]
async fn a_third_login_with_the_token_of_the_first_makes_no_thief_of_another_tab() {
    let scene = Scene::set().await;
    scene.keep_the_first_of_two_logins().await;
    scene.database.set_clock_ahead(PAST_GRACE).await;
    let (late, login) = (scene.browser.send("/me"), scene.browser.send("/login/alice"));
    let answer = scene.browser.arrive(&login, 0).await;
    assert_eq!(scene.browser.arrive(&late, 0).await.status, StatusCode::TEMPORARY_REDIRECT);
    scene.browser.take(&login, &answer);
    assert_eq!(scene.browser.visit("/me").await.status, StatusCode::OK);
    assert!(scene.incidents.lock().unwrap().is_empty());
}

#[tokio::test]
async fn an_application_may_refuse_what_it_would_have_sent_again() {
    let database = Database::fresh().await;
    let ledger = database.ledger(Policy::default()).await;
    let app =
        || application(Sessions::builder(ledger.clone(), key_ring()).refuse_superseded().build().unwrap());
    let browser = Browser::new([app(), app()]);
    browser.visit("/change/1").await;
    let late = browser.send("/change/2");
    browser.visit("/login/alice").await;
    let answer = browser.arrive(&late, 0).await;
    assert_eq!((answer.status, answer.set_cookies().len()), (StatusCode::CONFLICT, 0));
    assert_eq!(answer.body, "You have just signed in. Please send this again.");
}

impl Scene {
    /// Shows the browser's token, and waits until that is noted.
    async fn wait_until_seen_after(&self, browser: &Browser) {
        browser.visit("/me").await;
        self.wait_until_seen().await;
    }
}
