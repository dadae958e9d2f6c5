//! As many sessions as an attacker may have made: they end in batches, and each in few trips.

use std::pin::pin;

use futures_util::{StreamExt, TryStreamExt, stream};
use session_ledger::Ledger;
use session_ledger::ledger::End;
use session_ledger::session::{EndReason, SessionFilter};
use session_ledger::web::IpNet;
use test_support::{Visitor, Wire};

use crate::scene::Scene;

const MANY: usize = 10_000;
/// The most sessions of a batch.
const BATCH: usize = 256;
/// How many browsers are at it at a time.
const AT_A_TIME: usize = 16;

impl Scene {
    /// The browsers of a user who has signed in so often.
    async fn many(&self, user: &str, count: usize) -> Vec<Visitor> {
        let sign_in = async |_| self.signed_in(user).await.visitor;
        stream::iter(0..count).map(sign_in).buffer_unordered(AT_A_TIME).collect().await
    }
}

async fn statuses(browsers: &[Visitor], wanted: u16) {
    let ask = async |visitor: &Visitor| visitor.get("/me").await.status.as_u16();
    let found: Vec<u16> = stream::iter(browsers).map(ask).buffer_unordered(AT_A_TIME).collect().await;
    let others = found.iter().filter(|status| **status != wanted).count();
    assert_eq!((found.len(), others), (browsers.len(), 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_sessions_of_a_user_end_in_one_call_and_few_trips() {
    let scene = Scene::set().await;
    let browsers = scene.many("alice", MANY).await;
    let bob = scene.signed_in_at("bob", "203.0.113.7").await;
    assert_eq!(scene.live().await as usize, MANY + 1);

    // Behind more sessions than one statement looks at.
    let network: IpNet = "203.0.113.7/32".parse().unwrap();
    let of_network = SessionFilter::all().from_network(network);
    assert_eq!(scene.ledger.end_where(&of_network, EndReason::Revoked).await.unwrap(), 1);
    assert!(!bob.is_signed_in().await);

    let wire = Wire::to(&scene.database.config());
    let ledger =
        Ledger::builder(wire.config()).connections_max(1).without_requests().connect().await.unwrap();
    let (trips, before) = (wire.trips(), wire.traffic());
    let end = End::because(EndReason::AccountDisabled).by("admin");
    assert_eq!(ledger.end_all(&"alice".into(), end).await.unwrap(), MANY);
    let (trips, statements) = (wire.trips() - trips, (wire.traffic() - before).statements);
    let batches = MANY.div_ceil(BATCH);
    // To prepare the statement of the ends takes one more, and a batch that is tried again two.
    assert!((2 * batches..=2 * batches + 8).contains(&trips), "{trips} trips for {batches} batches");
    assert!(statements <= 8 * batches, "{statements} statements for {batches} batches");

    statuses(&browsers, 401).await;
    assert_eq!(scene.live().await, 0);
    scene.is_sound().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_stops_between_two_batches_goes_on_with_the_rest_later() {
    let scene = Scene::set().await;
    let count = 2 * BATCH + 1;
    scene.many("alice", count).await;
    let mut batches = Box::pin(scene.ledger.end_stream(SessionFilter::all(), EndReason::Revoked));
    assert_eq!(batches.try_next().await.unwrap(), Some(BATCH));
    drop(batches);
    assert_eq!(scene.live().await as usize, count - BATCH);
    scene.is_sound().await;

    let mut batches = pin!(scene.ledger.end_stream(SessionFilter::all(), EndReason::Revoked));
    let mut ended = Vec::new();
    while let Some(batch) = batches.try_next().await.unwrap() {
        ended.push(batch);
    }
    assert_eq!(ended, [BATCH, 1]);
    assert_eq!(scene.live().await, 0);
    scene.is_sound().await;
}
