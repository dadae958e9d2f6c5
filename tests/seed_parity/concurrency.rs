//! Requests of one session at once.

use poem::{Result, Route};
use session_ledger::Key;
use session_ledger::web::Session;

use crate::scene::{Scene, page};

const COUNT: Key<u32> = Key::new("count");
const OTHER: Key<u32> = Key::new("other");
const WRITERS: u32 = 4;
const EACH: u32 = 10;

fn add(session: &Session, key: &Key<u32>) -> Result<String> {
    Ok(session.update(key, |count| *count += 1).map(|()| String::new())?)
}

/// There, of four parallel writers with three attempts each about one request in six was a 500, and of two
/// changes of different keys the later one undid the earlier.
#[tokio::test]
async fn four_parallel_writers_of_one_session_all_succeed_and_nothing_is_lost() {
    let scene = Scene::new().await;
    let both = |session: &Session| {
        let [count, other] = [&COUNT, &OTHER].map(|key| session.get(key).unwrap().unwrap_or_default());
        Ok(format!("{count} {other}"))
    };
    let pages = Route::new()
        .at("/count", page(|session| add(session, &COUNT)))
        .at("/other", page(|session| add(session, &OTHER)))
        .at("/both", page(both));
    let visitor = scene.member(pages);
    visitor.post("/login", "").await;
    let writers: Vec<_> = (0..WRITERS)
        .map(|nth| {
            let tab = visitor.clone();
            let path = if nth % 2 == 0 { "/count" } else { "/other" };
            tokio::spawn(async move {
                for _ in 0..EACH {
                    assert_eq!(tab.post(path, "").await.status, 200, "{path}");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let each = WRITERS / 2 * EACH;
    assert_eq!(visitor.get("/both").await.body, format!("{each} {each}"));
}

/// There, sessions of different browsers conflicted while the table was small.
#[tokio::test]
async fn writers_of_different_sessions_of_a_small_table_all_succeed() {
    let scene = Scene::new().await;
    let visitors: Vec<_> = (0..WRITERS)
        .map(|_| {
            let visitor = scene.visitor(Route::new().at("/count", page(|session| add(session, &COUNT))));
            tokio::spawn(async move {
                for _ in 0..EACH {
                    assert_eq!(visitor.post("/count", "").await.status, 200);
                }
            })
        })
        .collect();
    for visitor in visitors {
        visitor.await.unwrap();
    }
    assert_eq!(scene.live().await, i64::from(WRITERS));
    assert!(scene.ledger.verify(|_| {}).await.unwrap().is_equal());
}
