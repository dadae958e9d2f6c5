//! Each page shows what it is asked for, and nothing breaks it.

use poem::http::StatusCode;
use session_ledger::session::SessionId;
use session_ledger::test::Visitor;
use time::{Duration, OffsetDateTime};

use crate::scene::Scene;

const HOSTILE: &str = "<script>alert(1)</script>\"'>&";

/// The body of a page that is there.
pub(crate) async fn page(viewer: &Visitor, path: &str) -> String {
    let answer = viewer.get(path).await;
    assert_eq!(answer.status, StatusCode::OK, "{path}: {}", answer.body);
    answer.body
}

#[tokio::test]
async fn one_box_leads_to_a_user_an_address_a_network_or_a_session() {
    let scene = Scene::open().await;
    let (_, id) = scene.customer_named("alice").await;
    let viewer = scene.viewer().await;
    let id = id.to_string();
    for (text, address, heading) in [
        ("alice", "/users?name=alice", "<h1>alice</h1>"),
        ("%20192.0.2.1%20", "/network?address=192.0.2.1", "<h1>192.0.2.1</h1>"),
        ("192.0.2.99/24", "/network?address=192.0.2.99%2F24", "<h1>192.0.2.0/24</h1>"),
        (&id, &format!("/sessions/{id}"), &format!("<h1 class=\"id\">{id}</h1>")),
    ] {
        let found = viewer.get(&format!("/find?q={text}")).await;
        assert_eq!((found.status, found.header("location")), (StatusCode::SEE_OTHER, address));
        let body = page(&viewer, address).await;
        assert!(body.contains(heading) && body.contains("/users?name=alice\">alice</a>"), "{body}");
    }
    assert!(page(&viewer, "/").await.contains("/users?name=alice\">alice</a>"), "the latest logins");
}

#[tokio::test]
async fn what_is_not_known_is_said_to_be_so() {
    let scene = Scene::open().await;
    let viewer = scene.viewer().await;
    let nobody = SessionId::new(OffsetDateTime::UNIX_EPOCH, [1; 10]);
    for (path, told) in [
        ("/users?name=nobody", "Nothing is known of a user “nobody”.".to_owned()),
        ("/users?name=", "There is no such user.".to_owned()),
        ("/users?name=a%00b", "There is no such user.".to_owned()),
        ("/network?address=alice", "“alice” is neither an address nor a network.".to_owned()),
        ("/sessions/alice", "That is no session’s id.".to_owned()),
        (&format!("/sessions/{nobody}"), format!("The log knows no session {nobody}.")),
        (&format!("/sessions/{nobody}/steps/1"), format!("The log knows no step 1 of session {nobody}.")),
        ("/sessions/alice/steps/1", "That is no step of a session.".to_owned()),
    ] {
        let answer = viewer.get(path).await;
        assert_eq!(answer.status, StatusCode::NOT_FOUND, "{path}");
        assert!(answer.body.contains(&told), "{path}: {}", answer.body);
        assert!(answer.body.contains("<input id=\"q\""), "one can look again");
    }
    let elsewhere = viewer.get("/nowhere").await;
    assert_eq!(elsewhere.status, StatusCode::NOT_FOUND);
    assert!(elsewhere.body.contains("The console has no such page."), "{}", elsewhere.body);
    assert!(
        page(&viewer, "/network?address=198.51.100.1").await.contains("Nobody has signed in from there.")
    );
}

#[tokio::test]
async fn an_impossible_question_is_told_what_is_wrong_with_it() {
    let scene = Scene::open().await;
    let viewer = scene.viewer().await;
    for (path, told) in [
        ("/who?at=yesterday", "The time must look like 2026-03-04T17:20, and is taken as UTC."),
        (
            "/activity?until=9999-99-99T00:00",
            "The time must look like 2026-03-04T17:20, and is taken as UTC.",
        ),
        ("/who?cursor=bogus", "the cursor is none that a page has given: begin without one"),
        ("/users?name=alice&logins=bogus", "the cursor is none that a page has given: begin without one"),
    ] {
        let answer = viewer.get(path).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path}");
        assert!(answer.body.contains(told), "{path}: {}", answer.body);
    }
    for path in ["/users", "/activity?per=minute", "/who?days=-1"] {
        assert_eq!(viewer.get(path).await.status, StatusCode::BAD_REQUEST, "{path}");
    }
}

#[tokio::test]
async fn a_session_is_drawn_and_listed() {
    let scene = Scene::open().await;
    let (alice, id) = scene.customer_named("alice").await;
    alice.get("/act-as/bob").await;
    let viewer = scene.viewer().await;
    let body = page(&viewer, &format!("/sessions/{id}")).await;
    for part in [
        "role=\"img\" aria-label=\"",
        "1 login",
        "class=\"band user\"",
        "class=\"mark login\"",
        "class=\"band acting\"",
        "class=\"mark change\"",
        "alice logged in (pwd, AAL1)",
        "began to act as bob: A ticket.",
        "<span class=\"state live\">live</span>",
        "Visitor/1.0",
    ] {
        assert!(body.contains(part), "{part} in {body}");
    }
    alice.get("/logout").await;
    let body = page(&viewer, &format!("/sessions/{id}")).await;
    assert!(body.contains("class=\"mark end\"") && body.contains("logged out</span>"), "{body}");
    assert!(!body.contains("id=\"end\""), "it cannot be ended again");
}

#[tokio::test]
async fn a_long_session_comes_in_pages() {
    let scene = Scene::open().await;
    let (alice, id) = scene.customer_named("alice").await;
    for _ in 0..110 {
        alice.get("/fill-more").await;
        alice.get("/fill").await;
    }
    let last = scene.ledger.history(id).await.unwrap().len();
    assert!(last > 220, "{last}");
    let viewer = scene.viewer().await;
    let first = page(&viewer, &format!("/sessions/{id}")).await;
    assert!(first.contains("/steps/200\"") && !first.contains("/steps/201\""));
    assert!(
        first.contains(&format!("/sessions/{id}?after=200\">Later events"))
            && !first.contains("Earlier events")
    );
    let second = page(&viewer, &format!("/sessions/{id}?after=200")).await;
    assert!(second.contains("/steps/201\"") && second.contains(&format!("/steps/{last}\"")), "{second}");
    assert!(
        second.contains(&format!("/sessions/{id}?after=0\">Earlier events"))
            && !second.contains("Later events")
    );
}

#[tokio::test]
async fn many_sessions_and_logins_of_a_user_come_in_pages() {
    let scene = Scene::open().await;
    for _ in 0..52 {
        scene.customer().get("/login/alice").await;
    }
    let viewer = scene.viewer().await;
    let first = page(&viewer, "/users?name=alice").await;
    for link in ["Older sessions", "Older logins"] {
        let address =
            first.split("<a href=\"").find(|rest| rest.contains(&format!("\">{link}</a>"))).unwrap();
        let address = address.split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let rest = page(&viewer, &address).await;
        assert!(!rest.contains(&format!("\">{link}</a>")), "{link}: the rest fits a page");
        assert!(rest.contains("Back to the latest"), "{rest}");
    }
    let network = page(&viewer, "/network?address=192.0.2.1").await;
    assert!(network.contains("Older logins"));
}

#[tokio::test]
async fn who_was_signed_in_depends_on_the_moment() {
    let scene = Scene::open().await;
    let (alice, _) = scene.customer_named("alice").await;
    let viewer = scene.viewer().await;
    let row = "/users?name=alice\">alice</a>";
    assert!(page(&viewer, "/who").await.contains(row));
    let yesterday = OffsetDateTime::now_utc() - Duration::DAY;
    let path = format!("/who?at={}T00:00&days=7", yesterday.date());
    let body = page(&viewer, &path).await;
    assert!(body.contains("Nobody was signed in.") && !body.contains(row), "{body}");
    assert!(body.contains(&format!("value=\"{}T00:00\"", yesterday.date())), "the field keeps the time");
    assert!(body.contains("<option value=\"7\" selected>"), "{body}");
    alice.get("/logout").await;
    assert!(!page(&viewer, "/who").await.contains(row));
}

#[tokio::test]
async fn activity_is_counted_per_hour_and_per_day() {
    let scene = Scene::open().await;
    for name in ["alice", "bob", "carol"] {
        let (customer, _) = scene.customer_named(name).await;
        customer.get("/logout").await;
    }
    let viewer = scene.viewer().await;
    for per in ["hour", "day"] {
        let body = page(&viewer, &format!("/activity?per={per}")).await;
        assert!(
            body.contains("<rect class=\"logins\"") && body.contains("<rect class=\"by-user\""),
            "{body}"
        );
        let cells = |label: &str| {
            let label = format!("data-label=\"{label}\">");
            let cells = body.split(label.as_str()).skip(1);
            cells.map(|cell| cell.split('<').next().unwrap().parse::<u64>().unwrap()).sum::<u64>()
        };
        // The viewer is signed in too.
        assert_eq!((cells("Logins"), cells("Signed out"), cells("Time over")), (4, 3, 0), "{per}");
    }
    let before = page(&viewer, "/activity?until=2001-01-01T00:00").await;
    assert!(before.contains("Nothing happened in that time."));
}

#[tokio::test]
async fn what_others_have_said_is_text_on_every_page() {
    let scene = Scene::open().await;
    let customer = scene.customer().named(HOSTILE);
    customer.get("/fill").await;
    customer.get("/login/%3Cscript%3Ealert(1)%3C%2Fscript%3E").await;
    let id: SessionId = customer.get("/id").await.body.parse().unwrap();
    let viewer = scene.viewer().await;
    for path in [
        "/".to_owned(),
        "/users?name=%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
        "/users?name=%3Cscript%3Ealert(1)".to_owned(),
        "/network?address=%3Cscript%3Ealert(1)".to_owned(),
        "/network?address=192.0.2.1".to_owned(),
        "/events?user=%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
        format!("/sessions/{id}"),
        format!("/sessions/{id}/steps/4"),
        "/who".to_owned(),
        "/tail".to_owned(),
        format!("/sessions/{id}/end"),
        "/users/end?name=%3Cscript%3Ealert(1)%3C%2Fscript%3E".to_owned(),
    ] {
        let body = viewer.get(&path).await.body;
        assert!(!body.contains("<script>alert"), "{path}: {body}");
        assert!(!body.contains("<i>Alice"), "{path}: {body}");
        assert!(body.contains("script&#62;alert(1)") || !path.contains("script"), "{path}: {body}");
    }
}

#[tokio::test]
async fn an_event_that_nobody_can_read_is_shown_as_such_beside_the_others() {
    let scene = Scene::open().await;
    let (_, id) = scene.customer_named("alice").await;
    let version = scene.ledger.history(id).await.unwrap().len() as i64 + 1;
    let damaged = "insert into session_ledger.event (session_id, version, event_id, kind, shape, payload, hash, occurred_at)
                   values ($1, $2::bigint, gen_random_uuid(), 'value_set', 1, '\\xff', decode(repeat('00', 32), 'hex'), now())";
    let tables = scene.database.connect().await;
    tables.execute(damaged, &[&id.as_uuid(), &version]).await.unwrap();
    let viewer = scene.viewer().await;
    let body = page(&viewer, &format!("/sessions/{id}")).await;
    assert!(body.contains("cannot be read: ") && body.contains("<tr role=\"row\" class=\"bad\">"), "{body}");
    assert!(body.contains("alice logged in (pwd, AAL1)") && body.contains("class=\"mark bad\""), "{body}");
    let step = page(&viewer, &format!("/sessions/{id}/steps/{version}")).await;
    assert!(step.contains("What the session held is not known: "), "{step}");
}
