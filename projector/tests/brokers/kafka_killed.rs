//! A relay in a process of its own, which is killed again and again while it delivers to Kafka.

use std::process::{Command, Stdio};
use std::time::Instant;

use test_support::Database;
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::kafka_topic::{Cluster, cluster, consumer, count, found};
use crate::{BOUND, assert_whole_and_in_order, events_in};

/// How often it is killed, unless `FAULTS` says another number.
const KILLS: u32 = 5;

/// How many records it may deliver at the most before it is killed.
const DELIVERED_MAX: i64 = 30;

fn relay(config: &Config, cluster: &Cluster) -> Command {
    let target = format!("kafka://{}/sessions", cluster.bootstrap_servers());
    let mut relay = Command::new(env!("CARGO_BIN_EXE_projector"));
    relay.args(["relay", "run", "--subscription", "audit", "--create", "--batch", "7", "--holder", "one"]);
    relay.args(["--to", &target]).env("DATABASE_URL", address(config)).env_remove("RUST_LOG");
    relay.stdout(Stdio::null()).stderr(Stdio::piped());
    relay
}

/// A connection string of the test's own server.
fn address(config: &Config) -> String {
    let host = match &config.get_hosts()[0] {
        Host::Tcp(name) => name.clone(),
        Host::Unix(folder) => folder.display().to_string(),
    };
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    let pairs = [
        ("host", Some(host)),
        ("port", config.get_ports().first().map(ToString::to_string)),
        ("user", config.get_user().map(str::to_owned)),
        ("dbname", config.get_dbname().map(str::to_owned)),
        ("password", config.get_password().map(text)),
    ];
    let pairs = pairs.into_iter().filter_map(|(key, value)| Some(format!("{key}='{}'", value?)));
    pairs.collect::<Vec<_>>().join(" ")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_relay_that_is_killed_while_it_delivers_to_kafka_skips_nothing() {
    let (database, cluster) = (Database::fresh().await, cluster());
    let kills = std::env::var("FAULTS").map_or(KILLS, |text| text.parse().unwrap());
    // As many as are left, even if nothing came twice.
    let sessions = u8::try_from(3 * kills + 5).unwrap();
    let events = events_in(&database, sessions, DELIVERED_MAX / 2).await;
    let consumer = consumer(&cluster);
    let begun = Instant::now();
    for nth in 0..kills {
        let goal = count(&consumer) + rand::random_range(1..DELIVERED_MAX);
        let mut relay = relay(&database.config(), &cluster).spawn().unwrap();
        while count(&consumer) < goal {
            assert!(begun.elapsed() < BOUND, "{nth} kills, and then nothing is delivered");
            assert!(relay.try_wait().unwrap().is_none(), "it has ended by itself");
        }
        relay.kill().unwrap();
        relay.wait().unwrap();
    }
    let rest = relay(&database.config(), &cluster).arg("--once").output().unwrap();
    assert!(rest.status.success(), "{}", String::from_utf8_lossy(&rest.stderr));
    assert_whole_and_in_order(&events, &found(&cluster));
}
