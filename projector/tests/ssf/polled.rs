//! Streams that are polled (RFC 8936).

use std::collections::HashSet;

use serde_json::json;

use super::served::{BOUND, Scene, claims, jtis, told};

fn pair(kind: &str, user: &str) -> (String, String) {
    (kind.to_owned(), user.to_owned())
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_though_the_process_is_killed() {
    let mut scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    scene.log_in("before").await;
    let stream = forum.make().await;
    let mut visitors = Vec::new();
    let (mut forum, mut seen, mut wanted) = (forum, Vec::new(), HashSet::new());
    for round in 0..4 {
        let user = format!("user-{round}");
        visitors.push(scene.log_in(&user).await);
        wanted.insert(pair("session-established", &user));
        let given = forum.poll(&stream, &[]).await;
        assert!(!given.is_empty());
        if round % 2 == 0 {
            // Half is acknowledged: it comes no more, the rest does.
            forum.poll(&stream, &jtis(&given[..given.len() / 2])).await;
        }
        scene.kill();
        scene.start_again();
        forum = scene.caller_again(&forum);
        let again = forum.poll(&stream, &[]).await;
        let kept = if round % 2 == 0 { &given[given.len() / 2..] } else { &given[..] };
        assert_eq!(jtis(&again), jtis(kept), "the same, by the same ids");
        // All but one is acknowledged, so that something lies behind the cursor at the next kill.
        seen.extend(given);
        forum.poll(&stream, &jtis(&again[..again.len() - 1])).await;
    }
    drop(visitors.pop().unwrap().post("/logout", "").await);
    wanted.insert(pair("session-revoked", "user-3"));
    seen.extend(forum.drain(&stream).await);
    assert_eq!(
        seen.iter().map(told).collect::<HashSet<_>>(),
        wanted,
        "all since the stream began, and no more"
    );
    assert!(forum.poll(&stream, &[]).await.is_empty());
    scene.verify().await;
    assert_eq!(scene.stop(), Some(0));
}

#[tokio::test]
async fn acknowledgements_come_in_any_order_and_a_sessions_tokens_in_theirs() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    let alice = scene.log_in("alice").await;
    drop(alice.post("/logout", "").await);
    scene.log_in("bob").await;
    let first = forum.poll(&stream, &[]).await;
    let both = HashSet::from([pair("session-established", "alice"), pair("session-established", "bob")]);
    assert_eq!(first.iter().map(told).collect::<HashSet<_>>(), both, "an end waits for its login");
    let [of_alice, of_bob] = ["alice", "bob"].map(|user| {
        let found = first.iter().find(|claims| claims["sub_id"]["user"]["sub"] == user).unwrap();
        jtis(std::slice::from_ref(found))
    });
    let second = forum.poll(&stream, &of_bob).await;
    assert_eq!(jtis(&second), of_alice, "what was acknowledged out of order is remembered");
    let third = forum.poll(&stream, &of_alice).await;
    assert_eq!(third.iter().map(told).collect::<Vec<_>>(), [pair("session-revoked", "alice")]);
    // Ids that are none of ours move nothing.
    let odd = ["", "no uuid", &of_bob[0], "018f0000-0000-7000-8000-000000000000"].map(str::to_owned);
    assert_eq!(jtis(&forum.poll(&stream, &odd).await), jtis(&third));
    assert!(forum.poll(&stream, &jtis(&third)).await.is_empty());
    let summary = scene.ledger.subscriptions().await.unwrap().into_iter().find(|one| one.name == stream);
    assert_eq!(summary.map(|one| (one.lag, one.held, one.dead_letters)), Some((0, None, 0)));
}

#[tokio::test]
async fn a_receiver_gets_no_more_than_it_asks_for_and_is_told_that_there_is_more() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    for user in ["alice", "bob", "carol"] {
        scene.log_in(user).await;
    }
    let path = format!("/ssf/poll/{stream}");
    let some = forum.ask("POST", &path, Some(&json!({ "maxEvents": 2 }))).await;
    assert_eq!((claims(&some).len(), &some.body["moreAvailable"]), (2, &json!(true)));
    // Only to acknowledge is answered at once, too.
    let asked = json!({ "maxEvents": 0, "ack": jtis(&claims(&some)) });
    let none = forum.ask("POST", &path, Some(&asked)).await;
    assert_eq!((claims(&none).len(), &none.body["moreAvailable"]), (0, &json!(true)));
    let last = forum.ask("POST", &path, Some(&json!({ "maxEvents": 2 }))).await;
    assert_eq!((claims(&last).len(), &last.body["moreAvailable"]), (1, &json!(false)));
}

#[tokio::test]
async fn a_token_that_is_refused_is_a_dead_letter_and_its_session_waits() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    let alice = scene.log_in("alice").await;
    drop(alice.post("/logout", "").await);
    scene.log_in("bob").await;
    let first = forum.poll(&stream, &[]).await;
    let of_alice = first.iter().find(|claims| claims["sub_id"]["user"]["sub"] == "alice").unwrap();
    let jti = of_alice["jti"].as_str().unwrap();
    let error = json!({ "err": "invalid_key", "description": "no such\u{1b}[2J key" });
    let asked = json!({ "returnImmediately": true, "setErrs": { jti: error } });
    let after = claims(&forum.ask("POST", &format!("/ssf/poll/{stream}"), Some(&asked)).await);
    assert_eq!(after.iter().map(told).collect::<Vec<_>>(), [pair("session-established", "bob")]);
    assert!(forum.poll(&stream, &jtis(&after)).await.is_empty(), "the end waits behind the refused login");
    let letters = scene.ledger.dead_letters(Some(&stream), 10).await.unwrap();
    let letters: Vec<_> = letters.into_iter().map(|one| (one.event.to_string(), one.reason)).collect();
    let reason = "the receiver refused it, as invalid_key: no such\u{fffd}[2J key";
    assert_eq!(letters, [(jti.to_owned(), reason.to_owned())]);
    // An operator has it delivered again, and what waits behind it.
    scene.ledger.replay_dead_letters(&stream, None).await.unwrap();
    let all = forum.drain(&stream).await;
    let both = [pair("session-established", "alice"), pair("session-revoked", "alice")];
    assert_eq!(all.iter().map(told).collect::<Vec<_>>(), both);
    assert_eq!(all[0]["jti"], jti);
}

#[tokio::test]
async fn a_poll_waits_until_something_happens_and_holds_nothing_meanwhile() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    let path = format!("/ssf/poll/{stream}");
    let asked = json!({});
    let polling = forum.ask("POST", &path, Some(&asked));
    let acting = async {
        let open = "select count(*) from pg_stat_activity where datname = current_database() and state like 'idle in tr%'";
        let client = scene.database.connect().await;
        let count: i64 = client.query_one(open, &[]).await.unwrap().get(0);
        assert_eq!(count, 0, "no transaction waits");
        scene.log_in("alice").await;
    };
    let (answer, ()) = tokio::join!(polling, acting);
    assert_eq!(claims(&answer).iter().map(told).collect::<Vec<_>>(), [pair("session-established", "alice")]);
}

#[tokio::test]
async fn a_paused_stream_keeps_what_happens_and_a_disabled_one_does_not() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    let paused = forum.set_status(&stream, "paused").await;
    assert_eq!(paused.body, json!({ "stream_id": stream, "status": "paused" }));
    scene.log_in("alice").await;
    let notice = forum.poll(&stream, &[]).await;
    assert_eq!(notice.iter().map(told).collect::<Vec<_>>(), [pair("stream-updated", &stream)]);
    assert_eq!(
        notice[0]["events"].as_object().unwrap().values().next(),
        Some(&json!({ "status": "paused" }))
    );
    assert!(forum.poll(&stream, &jtis(&notice)).await.is_empty());
    forum.set_status(&stream, "enabled").await;
    let all: Vec<_> = forum.drain(&stream).await.iter().map(told).collect();
    assert_eq!(all.len(), 2);
    assert!(all.contains(&pair("session-established", "alice")), "{all:?}");

    forum.set_status(&stream, "disabled").await;
    scene.log_in("bob").await;
    let asked = json!({ "stream_id": stream, "status": "enabled", "reason": "we are back" });
    assert_eq!(forum.ask("POST", "/ssf/status", Some(&asked)).await.body, asked);
    let told_now = forum.ask("GET", &format!("/ssf/status?stream_id={stream}"), None).await;
    assert_eq!((told_now.status, told_now.body), (200, asked));
    scene.log_in("carol").await;
    let all: Vec<_> = forum.drain(&stream).await.iter().map(told).collect();
    let updated = pair("stream-updated", &stream);
    assert_eq!(all.iter().filter(|one| **one == updated).count(), 2, "{all:?}");
    let others: Vec<_> = all.into_iter().filter(|one| *one != updated).collect();
    assert_eq!(others, [pair("session-established", "carol")]);
    scene.verify().await;
}

#[tokio::test]
async fn a_relay_of_the_same_name_keeps_polls_away_while_it_holds_the_stream() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    scene.log_in("alice").await;
    let relay = scene.ledger.existing_subscription(&stream, "a relay").await.unwrap();
    let asked = json!({ "returnImmediately": true });
    let path = format!("/ssf/poll/{stream}");
    let held = forum.ask("POST", &path, Some(&asked)).await;
    assert_eq!(held.status, 503);
    assert!(held.head.contains("\r\nretry-after: 2"), "{}", held.head);
    relay.release().await.unwrap();
    assert_eq!(forum.poll(&stream, &[]).await.len(), 1);
}

#[tokio::test]
async fn a_receiver_that_hangs_up_leaves_its_stream_to_the_next_poll() {
    let scene = Scene::start(&[]).await;
    let forum = scene.caller("forum");
    let stream = forum.make().await;
    let (path, asked) = (format!("/ssf/poll/{stream}"), json!({}));
    for _ in 0..10 {
        forum.ask_and_hang_up("POST", &path, &asked).await;
    }
    scene.log_in("alice").await;
    let got = tokio::time::timeout(BOUND, forum.poll(&stream, &[])).await.unwrap();
    assert_eq!(got.len(), 1);
}
