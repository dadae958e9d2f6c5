//! Servers die under load: no acknowledged change is lost, and requests recover by themselves.
//!
//! `FAILOVERS` and `RESTARTS` say how often, 5 and 3 times unless set.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod cluster;
mod load;
mod standby;

use std::env;

use private_postgres::Crash;

use cluster::{Pair, Single};
use load::Load;

fn rounds(name: &str, default: usize) -> usize {
    env::var(name).map_or(default, |text| text.parse().expect("a number of rounds"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_change_is_lost_when_a_standby_takes_over() {
    for round in 0..rounds("FAILOVERS", 5) {
        let pair = Pair::start().await;
        let load = Load::start(&pair.config()).await;
        load.each_client_succeeds(20, "before the crash").await;
        // Both ways to die in turn.
        let crash = if round % 2 == 0 { Crash::Immediate } else { Crash::Kill };
        let standby = pair.fail_over(crash).await;
        load.each_client_succeeds(10, "after the promotion").await;
        load.stop_and_check(&standby).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_acknowledged_change_is_lost_when_the_server_crashes() {
    let single = Single::start().await;
    let load = Load::start(&single.config()).await;
    for round in 0..rounds("RESTARTS", 3) {
        load.each_client_succeeds(20, "before the crash").await;
        let crash = if round % 2 == 0 { Crash::Kill } else { Crash::Immediate };
        single.crash_and_start_again(crash).await;
        load.each_client_succeeds(10, "after the new start").await;
    }
    load.stop_and_check(&single.config()).await;
}
