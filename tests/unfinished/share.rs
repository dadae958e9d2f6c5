//! One session's part of the pool.
//!
//! One client with many connections could take the whole pool with requests of its own session. Over two
//! processes it halved the throughput of all others: the processes do not know of each other.

use futures_util::future::join_all;
use poem::EndpointExt;
use poem::http::Method;
use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{App, Visitor, app, key_ring};

use crate::scene::{Scene, pages, send};

const AT_THE_GATE: &str = "wait_event_type = 'Lock' and wait_event = 'advisory'";

/// Sends many requests of one session, each of which holds a connection at the gate.
async fn storm(scene: &Scene, method: Method) {
    let client = scene.customer().await;
    let gate = scene.close_gate().await;
    let requests: Vec<_> =
        (0..32).map(|_| send(&client, client.request(method.clone(), "/hold", ""))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    let stranger = Visitor::new(&scene.app);
    for nth in 1..=3 {
        assert_eq!(stranger.post("/add", "").await.status, 200);
        assert_eq!(stranger.get("/show").await.body, format!("- {nth}"));
    }
    assert_eq!(client.get("/show").await.body, "alice 0", "reading takes no part of it");
    assert_eq!(scene.connections(AT_THE_GATE).await, 4, "a quarter of the pool");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
    assert_eq!(client.get("/show").await.body, "alice 0");
    assert_eq!(client.post("/hold", "").await.status, 200, "all is as before");
}

#[tokio::test]
async fn a_session_with_thirty_two_readers_in_transactions_holds_a_quarter_of_the_pool() {
    storm(&Scene::set().await, Method::GET).await;
}

#[tokio::test]
async fn so_does_one_with_thirty_two_writers() {
    storm(&Scene::set().await, Method::POST).await;
}

#[tokio::test]
async fn its_transactions_take_nothing_from_its_other_changes() {
    let scene = Scene::set().await;
    let client = scene.customer().await;
    let gate = scene.close_gate().await;
    let requests: Vec<_> = (0..32).map(|_| send(&client, client.request(Method::GET, "/hold", ""))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    assert_eq!(client.post("/add", "").await.status, 200);
    assert_eq!(client.get("/show").await.body, "alice 1");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
}

#[tokio::test]
async fn a_logout_needs_no_part_of_it() {
    let scene = Scene::set().await;
    let owner = scene.customer().await;
    let gate = scene.close_gate().await;
    let requests: Vec<_> = (0..8).map(|_| send(&owner, owner.request(Method::GET, "/hold", ""))).collect();
    scene.signs.wait_for_handlers(4).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    let thief = owner.copy();
    assert_eq!(owner.post("/logout", "").await.status, 200);
    assert_eq!(thief.get("/show").await.body, "- 0");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
}

/// Another process of the application, with a pool of its own.
async fn another_process(scene: &Scene, connections: usize) -> App {
    let config = scene.database.config().application_name("another process").clone();
    let ledger = Ledger::builder(config).connections_max(connections).connect().await.unwrap();
    app(pages(&scene.signs).with(Sessions::new(ledger, key_ring())))
}

#[tokio::test]
async fn over_two_processes_a_session_holds_a_quarter_of_each_pool() {
    let scene = Scene::set().await;
    let other_process = another_process(&scene, 16).await;
    let here = scene.customer().await;
    let there = here.of(&other_process);
    let gate = scene.close_gate().await;
    let mut requests = Vec::new();
    for _ in 0..16 {
        for (client, method) in
            [(&here, Method::GET), (&there, Method::GET), (&here, Method::POST), (&there, Method::POST)]
        {
            requests.push(send(client, client.request(method, "/hold", "")));
        }
    }
    scene.signs.wait_for_handlers(8).await;
    scene.wait_for_connections(4, AT_THE_GATE).await;
    let strangers = [Visitor::new(&scene.app), Visitor::new(&other_process)];
    for (nth, stranger) in (1..=3).flat_map(|nth| strangers.each_ref().map(|stranger| (nth, stranger))) {
        assert_eq!(stranger.post("/add", "").await.status, 200);
        assert_eq!(stranger.get("/show").await.body, format!("- {nth}"));
    }
    assert_eq!(scene.connections(AT_THE_GATE).await, 4, "a quarter of the one pool");
    let other = format!("pg_stat_activity where application_name = 'another process' and {AT_THE_GATE}");
    assert_eq!(scene.database.count(&other).await, 4, "and of the other");
    drop(gate);
    for request in requests {
        let status = request.await.unwrap().status.as_u16();
        assert!(status == 200 || status == 503, "{status}");
    }
}

#[tokio::test]
async fn a_session_that_two_processes_work_for_all_the_time_lets_nobody_else_be_refused() {
    const CLIENTS: usize = 32;
    let scene = Scene::with_connections(6).await;
    let other_process = another_process(&scene, 6).await;
    let hot = scene.customer().await;
    let mut storm = Vec::new();
    for nth in 0..CLIENTS {
        let method = if nth % 2 == 0 { Method::GET } else { Method::POST };
        for client in [hot.clone(), hot.of(&other_process)] {
            storm.push(tokio::spawn(statuses(client, method.clone(), "/work", 3)));
        }
    }
    let quiet = [&scene.app, &other_process].map(|app| {
        (0..4)
            .map(|_| tokio::spawn(statuses(Visitor::new(app), Method::POST, "/add", 20)))
            .collect::<Vec<_>>()
    });
    for one in join_all(quiet.into_iter().flatten()).await {
        assert_eq!(one.unwrap(), [200; 20], "a client with a session of its own");
    }
    let mut granted = 0;
    for status in join_all(storm).await.into_iter().flat_map(Result::unwrap) {
        assert!(status == 200 || status == 503, "{status}");
        granted += usize::from(status == 200);
    }
    assert_eq!(hot.get("/show").await.body, format!("alice {granted}"), "what was granted was done once");
}

/// The answers to requests that a client sends one after the other.
async fn statuses(client: Visitor, method: Method, path: &'static str, count: usize) -> Vec<u16> {
    let mut statuses = Vec::with_capacity(count);
    for _ in 0..count {
        let request = client.request(method.clone(), path, "");
        statuses.push(client.call(request).await.status.as_u16());
    }
    statuses
}
