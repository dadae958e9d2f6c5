//! Every kind of request, dropped after each of its polls.

use test_support::{App, Visitor};

use crate::scene::{Scene, open_shop, poll_times};

/// More polls than any request takes.
const POLLS_MAX: usize = 100;

/// The effects of a finished request: on the session's count, on the live sessions, on the purchases.
struct Effect {
    path: &'static str,
    count: u32,
    sessions: i64,
    purchases: i64,
}

const fn effect(path: &'static str, count: u32, sessions: i64, purchases: i64) -> Effect {
    Effect { path, count, sessions, purchases }
}

const REQUESTS: [Effect; 9] = [
    effect("/show", 0, 0, 0),
    effect("/add", 1, 0, 0),
    effect("/login", 0, 1, 0),
    effect("/logout", 0, -1, 0),
    effect("/order", 1, 0, 1),
    effect("/order-later", 1, 0, 1),
    effect("/order-apart", 1, 0, 1),
    effect("/buy", 0, 0, 1),
    effect("/regret", 0, 0, 0),
];

/// Sends a request as a customer, or as a stranger who logs in, and drops it after `polls` polls. Returns
/// whether it was done before.
async fn stop_after(scene: &Scene, shop: &App, effect: &Effect, polls: usize) -> bool {
    let context = format!("{}, {polls} polls", effect.path);
    let customer = scene.customer().await;
    let (sessions, purchases) = scene.books().await;
    // The same browser at a shop that may know no connection and no statement yet.
    let sender = if effect.path == "/login" { Visitor::new(shop) } else { customer.of(shop) };
    let done = if effect.path == "/show" {
        poll_times(sender.get(effect.path), polls).await
    } else {
        poll_times(sender.post(effect.path, ""), polls).await
    };
    // A commit that was begun goes on; it has its connection before the next request asks for one.
    for _ in 0..10 {
        tokio::task::yield_now().await;
    }
    let next = sender.get("/show").await;
    assert_eq!(next.status, 200, "{context}: the next request finds a connection: {next:?}");
    scene.come_to_rest().await;

    let (sessions_after, purchases_after) = scene.books().await;
    let shown = customer.get("/show").await.body;
    let nothing = (sessions, purchases, "alice 0".to_owned());
    let all = (
        sessions + effect.sessions,
        purchases + effect.purchases,
        if effect.sessions < 0 { "- 0".to_owned() } else { format!("alice {}", effect.count) },
    );
    let after = (sessions_after, purchases_after, shown);
    assert!(
        after == all || (done.is_none() && after == nothing),
        "{context}: {after:?} is neither all nor nothing"
    );
    done.is_some()
}

async fn sweep(cold: bool) {
    let scene = Scene::set().await;
    for effect in &REQUESTS {
        let mut polls = 0;
        loop {
            let shop = if cold { open_shop(&scene.database).await.1 } else { scene.shop.clone() };
            if stop_after(&scene, &shop, effect, polls).await {
                break;
            }
            polls += 1;
            assert!(polls < POLLS_MAX, "{} is never done", effect.path);
        }
        println!("{}: dropped after each of {polls} polls", effect.path);
        assert!(polls > 1, "{} was dropped on its way", effect.path);
    }
    scene.is_sound().await;
}

#[tokio::test]
async fn a_request_dropped_after_any_poll_did_all_or_nothing_and_leaves_a_connection_that_works() {
    sweep(false).await;
}

#[tokio::test]
async fn so_it_is_on_a_connection_that_is_yet_to_learn_its_statements() {
    sweep(true).await;
}
