//! The values of a session: typed keys in place of a dict.

use poem::Route;
use serde::{Deserialize, Serialize};
use session_ledger::Key;
use session_ledger::session::{Event, Policy};
use session_ledger::web::Session;

use crate::scene::{NAME, Scene, page};

const COUNT: Key<u32> = Key::new("count");
const CART: Key<Vec<Item>> = Key::new("cart");

#[derive(Serialize, Deserialize)]
struct Item {
    name: String,
    pieces: u32,
}

fn count(session: &Session) -> poem::Result<String> {
    Ok(format!("{:?}", session.get(&COUNT)?))
}

fn add(session: &Session) -> poem::Result<String> {
    Ok(session.update(&COUNT, |count| *count += 1).map(|()| String::new())?)
}

/// The dict API.
#[tokio::test]
async fn values_are_set_read_updated_and_removed_by_typed_keys() {
    let scene = Scene::new().await;
    let pages = Route::new()
        .at("/set", page(|session| Ok(session.set(&COUNT, &7).map(|()| String::new())?)))
        .at("/add", page(add))
        .at("/remove", page(|session| Ok(session.remove(&COUNT).map(|()| String::new())?)))
        .at("/get", page(count));
    let visitor = scene.visitor(pages);
    for (path, left) in [("/get", "None"), ("/set", "Some(7)"), ("/add", "Some(8)"), ("/remove", "None")] {
        assert_eq!(visitor.get(path).await.status, 200);
        assert_eq!(visitor.get("/get").await.body, left, "after {path}");
    }
}

/// `new` and `created`. There, a session stayed new after `invalidate`, and its time was the application's.
#[tokio::test]
async fn a_session_is_new_until_something_is_kept_and_knows_its_start_by_the_databases_clock() {
    let scene = Scene::new().await;
    let told = |session: &Session| Ok(format!("{} {}", session.is_new(), session.started_at().is_some()));
    let visitor = scene.visitor(Route::new().at("/", page(told)).at("/add", page(add)));
    assert_eq!(visitor.get("/").await.body, "true false");
    visitor.post("/add", "").await;
    assert_eq!(visitor.get("/").await.body, "false true");
    let query =
        "select abs(extract(epoch from started_at - clock_timestamp())) < 60 from session_ledger.session";
    let row = scene.database.connect().await.query_one(query, &[]).await.unwrap();
    assert!(row.get::<_, bool>(0));
}

/// There, a mutator wrote the whole session even if nothing was different.
#[tokio::test]
async fn what_changes_nothing_writes_nothing() {
    let scene = Scene::new().await;
    let idle = |session: &Session| {
        session.set(&COUNT, &1)?;
        session.update(&COUNT, |_| ())?;
        session.remove(&CART)?;
        session.take_flash("")?;
        session.end_impersonation()?;
        Ok(String::new())
    };
    let visitor = scene.visitor(Route::new().at("/add", page(add)).at("/idle", page(idle)));
    visitor.post("/add", "").await;
    let before = scene.events().await;
    assert_eq!(visitor.post("/idle", "").await.status, 200);
    assert_eq!(scene.events().await, before);
}

/// There, a change inside a value was lost unless `changed()` was called.
#[tokio::test]
async fn a_change_inside_a_value_is_kept() {
    let scene = Scene::new().await;
    let put = |session: &Session| {
        session.update(&CART, |cart| match cart.first_mut() {
            Some(item) => item.pieces += 1,
            None => cart.push(Item { name: "teapot".to_owned(), pieces: 1 }),
        })?;
        Ok(String::new())
    };
    let look = |session: &Session| {
        let cart = session.get(&CART)?.unwrap_or_default();
        Ok(cart.iter().map(|item| format!("{} {}", item.pieces, item.name)).collect())
    };
    let visitor = scene.visitor(Route::new().at("/put", page(put)).at("/look", page(look)));
    visitor.post("/put", "").await;
    visitor.post("/put", "").await;
    assert_eq!(visitor.get("/look").await.body, "2 teapot");
}

/// A session that is dirty and empty is not stored.
#[tokio::test]
async fn what_is_set_and_removed_in_one_request_stores_nothing() {
    let scene = Scene::new().await;
    let undo = |session: &Session| {
        session.set(&COUNT, &1)?;
        session.remove(&COUNT)?;
        Ok(String::new())
    };
    let answer = scene.visitor(Route::new().at("/", page(undo))).post("/", "").await;
    assert_eq!((answer.status.as_u16(), answer.set_cookies().len()), (200, 0));
    assert_eq!((scene.live().await, scene.events().await), (0, 0));
}

/// `clear` keeps the row and the messages.
#[tokio::test]
async fn clear_forgets_the_values_and_keeps_the_session_its_user_and_its_messages() {
    let scene = Scene::new().await;
    let fill = |session: &Session| {
        session.set(&COUNT, &1)?;
        session.flash("", "kept")?;
        Ok(String::new())
    };
    let left = |session: &Session| {
        let messages = session.peek_flash("").len();
        Ok(format!("{:?} {messages} {:?}", session.get(&COUNT)?, session.user()))
    };
    let visitor = scene.member(
        Route::new()
            .at("/fill", page(fill))
            .at("/clear", page(|session| Ok(session.clear().map(|()| String::new())?)))
            .at("/left", page(left)),
    );
    for path in ["/login", "/fill", "/clear"] {
        assert_eq!(visitor.post(path, "").await.status, 200, "{path}");
    }
    assert_eq!(visitor.get("/left").await.body, "None 1 Some(\"alice\")");
    assert_eq!(scene.live().await, 1);
}

/// `invalidate`: the row goes and the cookie changes with the commit alone, and a new session can be used at
/// once.
#[tokio::test]
async fn a_discarded_session_makes_room_for_a_new_one_and_comes_back_if_the_request_fails() {
    let scene = Scene::new().await;
    let fail = |session: &Session| {
        session.discard_session()?;
        Err(poem::Error::from_status(poem::http::StatusCode::BAD_GATEWAY))
    };
    let begin_anew = |session: &Session| {
        session.discard_session()?;
        session.set(&COUNT, &100)?;
        Ok(format!("{}", session.is_new()))
    };
    let visitor = scene.visitor(
        Route::new()
            .at("/add", page(add))
            .at("/get", page(count))
            .at("/fail", page(fail))
            .at("/anew", page(begin_anew)),
    );
    visitor.post("/add", "").await;
    let first = visitor.cookie(NAME).unwrap();
    assert_eq!(visitor.post("/fail", "").await.status, 502);
    assert_eq!(visitor.get("/get").await.body, "Some(1)");
    assert_eq!(visitor.cookie(NAME).unwrap(), first);
    visitor.post("/anew", "").await;
    assert_eq!(visitor.get("/get").await.body, "Some(100)");
    assert_ne!(visitor.cookie(NAME).unwrap(), first);
    assert_eq!((scene.live().await, scene.database.count("session_ledger.ended_session").await), (1, 1));
}

/// There, each change wrote all that the session held.
#[tokio::test]
async fn a_change_writes_the_one_value_that_it_changes() {
    let scene = Scene::new().await;
    let large = |session: &Session| {
        session.update(&CART, |cart| cart.push(Item { name: "x".repeat(30_000), pieces: 1 }))?;
        Ok(String::new())
    };
    let pages = Route::new().at("/large", page(large)).at("/add", page(add));
    let visitor = scene.member(pages);
    for path in ["/login", "/large", "/add"] {
        visitor.post(path, "").await;
    }
    let history = scene.ledger.history(scene.only("alice").await).await.unwrap();
    let last = &history.last().unwrap().entry;
    assert!(matches!(last.event(), Ok(Event::ValueSet(fact)) if fact.key == "count"));
    assert!(last.encoded.payload().len() < 40, "{}", last.encoded.payload().len());
}

/// There was no limit of size.
#[tokio::test]
async fn a_session_that_would_hold_too_much_is_refused_and_stays_as_it_was() {
    let scene = Scene::with(Policy::default().state_bytes_max(1_000)).await;
    let large = |session: &Session| {
        session.update(&COUNT, |count| *count += 1)?;
        session.set(&CART, &vec![Item { name: "x".repeat(1_000), pieces: 1 }])?;
        Ok(String::new())
    };
    let pages = Route::new().at("/add", page(add)).at("/large", page(large)).at("/get", page(count));
    let visitor = scene.visitor(pages);
    visitor.post("/add", "").await;
    assert_eq!(visitor.post("/large", "").await.status, 500);
    assert_eq!(visitor.get("/get").await.body, "Some(1)");
}

/// There, values were pickled: no type, no version, and code that runs.
#[tokio::test]
async fn a_value_of_another_type_is_an_error_and_one_of_an_older_shape_is_read() {
    const TEXT: Key<String> = Key::new("count");
    const NEXT: Key<u64> = Key::new("count").shape(2).upcast(|shape, bytes| match shape {
        1 => Ok(Key::<u32>::read(bytes)?.into()),
        other => Err(Key::<u64>::unknown(other)),
    });
    let scene = Scene::new().await;
    let text = |session: &Session| {
        let error = session.get(&TEXT).unwrap_err().to_string();
        assert!(error.contains("`count`"), "{error}");
        Ok(session.get(&NEXT)?.unwrap_or_default().to_string())
    };
    let visitor = scene.visitor(Route::new().at("/add", page(add)).at("/text", page(text)));
    visitor.post("/add", "").await;
    assert_eq!(visitor.get("/text").await.body, "1");
}
