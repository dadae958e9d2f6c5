//! Behind a pooler that gives a connection another server with each transaction.

use session_ledger::Ledger;
use test_support::{Pooler, SERVERS, Visitor};
use tokio::task::JoinSet;

use crate::shop::Scene;

#[tokio::test]
async fn clients_that_share_servers_are_told_apart() {
    let database = Scene::database().await;
    let pooler = Pooler::to(&database).await;
    let builder = Ledger::builder(pooler.config()).connections_max(8).unnamed_statements();
    let ledger = builder.connect().await.unwrap();
    let app = Scene::app_on(&ledger);
    let mut all = JoinSet::new();
    for n in 0..3 * SERVERS {
        let (visitor, app) = (Visitor::new(&app), app.clone());
        all.spawn(async move {
            let session = visitor.post(&format!("/login/user-{n}"), "").await.body;
            let known = format!("{session} user-{n} -");
            for round in 0..5 {
                let path = if round % 2 == 0 { "/who" } else { "/who-late" };
                assert_eq!(visitor.get(path).await.body, known);
                assert_eq!(Visitor::new(&app).get(path).await.body, "- - -");
            }
            assert_eq!(visitor.post(&format!("/do/deed-{n}"), "").await.status, 200);
            format!("deed-{n} {known}")
        });
    }
    let mut expected = all.join_all().await;
    let scene = Scene::of(database, ledger, app);
    let mut deeds = scene.deeds().await;
    deeds.sort();
    expected.sort();
    assert_eq!(deeds, expected);
    assert_eq!(scene.who_in_a_job().await, "- - -");
}
