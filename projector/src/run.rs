//! `projector run`: one process that keeps a ledger in shape, and others that stand by.
//!
//! Each job has a lease of its own in the database. Whoever holds it does the job, and renews the lease; the
//! others try to take it. So whatever becomes of a holder, another one goes on within the lease. None of the
//! jobs does harm if two do it for a moment: a session ends once, and a month is dropped once.

mod job;
mod lead;
mod relaying;
mod site;
mod told;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use poem::Server;
use poem::listener::{Acceptor, Listener, TcpListener};
use session_ledger::Ledger;
use tokio::sync::watch;
use tokio::task::JoinSet;

pub use self::job::{Job, Work};
pub use self::relaying::Relaying;
use crate::serve::ServeError;
use crate::{Answer, Console, Error};

/// How long jobs and requests under way may take once the process is asked to stop.
const GRACE: Duration = Duration::from_secs(5);

/// The pauses after failures: the first one, and the longest.
const BACKOFF: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// The most connections of jobs, of their leases, and of those who ask for metrics.
const CONNECTIONS_MAX: usize = 6;

/// What is done, and by whom.
#[derive(Debug)]
pub struct Settings {
    /// A name that no other process has.
    pub holder: String,
    /// How long a lease is good without being renewed.
    pub lease: Duration,
    /// Where health and metrics are served.
    pub listen: SocketAddr,
    /// What is done.
    pub jobs: Vec<Job>,
    /// Which subscriptions are delivered, and where to.
    pub relays: Vec<Relaying>,
}

impl Settings {
    /// The most connections that the process takes: each relay keeps one.
    pub fn connections_max(&self) -> usize {
        CONNECTIONS_MAX + self.relays.len()
    }
}

/// Does the jobs until `stop` is ready.
///
/// # Errors
///
/// The address is taken, or the metrics have another recorder already.
pub async fn run(
    ledger: &Ledger,
    settings: Settings,
    stop: impl Future<Output = ()> + Send,
    console: &mut Console<'_>,
) -> Result<Answer, Error> {
    let metrics = recorder()?;
    let Settings { holder, lease, listen, jobs, relays } = settings;
    let taken = |error| ServeError::Listen { address: listen, error };
    let acceptor = TcpListener::bind(listen.to_string()).into_acceptor().await.map_err(taken)?;
    let own = acceptor.local_addr().iter().find_map(|address| address.as_socket_addr().copied());
    let of_jobs = jobs.iter().map(|job| job.work.name().to_owned());
    let of_relays = relays.iter().map(|relaying| format!("relay {}", relaying.relay.subscription));
    let names: Vec<_> = of_jobs.chain(of_relays).collect();
    let (names, own) = (names.join(", "), own.unwrap_or(listen));
    console.print(&format!("Does {names} as {holder}; metrics on http://{own}/metrics\n"))?;

    told::begin(&jobs, &relays);
    let (stopper, stopped) = watch::channel(false);
    let mut running = JoinSet::new();
    for job in jobs {
        let turn = lead::Turn { ledger: ledger.clone(), holder: holder.clone(), lease, job };
        running.spawn(turn.take_turns(stopped.clone()));
    }
    for relaying in relays {
        running.spawn(relaying.keep_on(ledger.clone(), stopped.clone()));
    }
    let site =
        site::site(Arc::new(site::Desk { ledger: ledger.clone(), metrics, gauges: told::Gauges::default() }));
    Server::new_with_acceptor(acceptor).run_with_graceful_shutdown(site, stop, Some(GRACE)).await?;
    stopper.send_replace(true);
    if tokio::time::timeout(GRACE, running.join_all()).await.is_err() {
        console.note("A job did not stop in time: its lease runs out by itself.")?;
    }
    console.note("The projector has stopped.")?;
    Ok(Answer::Yes)
}

/// Has the metrics of this process kept, so that they can be asked for.
fn recorder() -> Result<PrometheusHandle, Error> {
    let recorder = PrometheusBuilder::new().build_recorder();
    let handle = recorder.handle();
    metrics::set_global_recorder(recorder).map_err(|error| Error::Arguments(error.to_string()))?;
    told::describe();
    Ok(handle)
}

/// How long to wait after so many failures.
fn pause_after(failures: u32) -> Duration {
    BACKOFF.0.saturating_mul(1 << failures.min(6)).min(BACKOFF.1)
}
