//! Random timelines of all policies together: a pure model of the rules and the real system live through the
//! same one, and must say the same of every answer and of every end.
//!
//! A timeline has a policy, three browsers, two users and two processes. Seconds pass; requests arrive, their
//! answers are taken, lost or come from a request that arrived twice. `TIMELINES=10000` for the full count,
//! `SEED=` for those of a run that failed.
//!
//! Both processes know sessions from a moment ago, of which the model knows nothing: it answers as if each
//! request had loaded its own. `KNOWN_SESSIONS=off` plays without.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod application;
mod deed;
mod logins;
mod model;
mod others;
mod proofs;
mod rules;
mod scene;
mod session;
mod tally;
mod timeline;

use std::{env, panic};

use futures_util::StreamExt;
use futures_util::stream;

use crate::scene::Scene;

/// How many timelines are under way at the same time, each in a database of its own, as each has its clock.
const AT_A_TIME: u64 = 4;

#[tokio::test(flavor = "multi_thread")]
async fn a_model_of_all_policies_and_the_real_system_live_through_the_same_timelines() {
    let (count, seed) = (number("TIMELINES", 40), number("SEED", rand::random_range(0..1 << 32)));
    println!("SEED={seed} TIMELINES={count}");
    let known = tally::Known::count();
    stream::iter(0..AT_A_TIME.min(count))
        .for_each_concurrent(None, |first| async move {
            if let Err(failed) = tokio::spawn(play(seed, first, count)).await {
                panic::resume_unwind(failed.into_panic());
            }
        })
        .await;
    let known = known.outcomes();
    println!("known sessions: {known:?}");
    if count >= tally::ENOUGH {
        let is_off = env::var_os("KNOWN_SESSIONS").is_some_and(|text| text == "off");
        assert!(
            is_off || ["hit", "stale", "skipped"].iter().all(|one| known.contains_key(*one)),
            "{known:?}"
        );
        tally::assert_that_each_deed_was_answered_in_each_way();
    }
}

/// Plays in one database the `first` timeline, and each that is a multiple of [`AT_A_TIME`] further on.
async fn play(seed: u64, first: u64, count: u64) {
    let scene = Scene::set().await;
    for nth in (first..count).step_by(AT_A_TIME as usize) {
        timeline::play(&scene, seed.wrapping_add(nth)).await;
    }
    scene.verify().await;
}

fn number(name: &str, default: u64) -> u64 {
    env::var(name).ok().map_or(default, |value| value.parse().expect("a number"))
}
