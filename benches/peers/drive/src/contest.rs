//! The course of events: all peers run side by side, and take turns in being driven.

use std::collections::BTreeMap;
use std::error::Error;

use bench_report::median;
use tempfile::TempDir;

use crate::closed::{self, Slice, Until};
use crate::commits;
use crate::contestant::Contestant;
use crate::crash::{self, Loss};
use crate::elsewhere::{self, Stale};
use crate::flags::Plan;
use crate::login;
use crate::logouts::{self, Aftermath};
use crate::open::{self, Steady};
use crate::operation::Operation;
use crate::peer::{Language, Peer};
use crate::postgres::Postgres;
use crate::progress::{Progress, note};
use crate::tabs::{self, Contention};
use crate::workshop::Workshop;

/// An operation of a peer.
pub(crate) type Event = (Operation, &'static str);

/// All findings.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) closed: BTreeMap<Event, Vec<Slice>>,
    pub(crate) open: BTreeMap<Event, Steady>,
    /// For each request.
    pub(crate) commits: BTreeMap<Event, f64>,
    pub(crate) tabs: BTreeMap<Event, Contention>,
    pub(crate) logouts: BTreeMap<Event, Aftermath>,
    /// How long a session is read after its logout in another process.
    pub(crate) stale: BTreeMap<&'static str, Stale>,
    /// The sessions and changes that a crash has taken.
    pub(crate) losses: BTreeMap<&'static str, Loss>,
    /// The peers that did not take part, and why.
    pub(crate) left_out: Vec<(&'static str, String)>,
}

/// All servers. They are stopped in this order.
pub(crate) struct Contest {
    pub(crate) contestants: Vec<Contestant>,
    pub(crate) postgres: Postgres,
    plan: Plan,
    pub(crate) findings: Findings,
    dir: TempDir,
}

impl Contest {
    /// Starts PostgreSQL, and no peer yet.
    pub(crate) async fn open(plan: Plan) -> Result<Self, Box<dyn Error>> {
        let dir = tempfile::Builder::new().prefix("peers-").tempdir()?;
        let postgres = Postgres::start().await?;
        Ok(Self { contestants: Vec::new(), postgres, plan, findings: Findings::default(), dir })
    }

    /// Starts a peer and logs its browsers in. A peer that fails is left out.
    pub(crate) async fn admit(&mut self, peer: Peer, workshop: &Workshop) {
        match self.started(peer, workshop).await {
            Ok(contestant) => self.contestants.push(contestant),
            Err(error) => self.leave_out(peer, &error.to_string()),
        }
    }

    /// Notes a peer that does not take part.
    pub(crate) fn leave_out(&mut self, peer: Peer, reason: &str) {
        note(&format!("{} is left out. {reason}", peer.name));
        self.findings.left_out.push((peer.name, reason.to_owned()));
    }

    async fn started(&self, peer: Peer, workshop: &Workshop) -> Result<Contestant, Box<dyn Error>> {
        let progress = Progress::begin("Logging in", self.plan.sessions);
        progress.say(peer.name);
        let mut contestant = Contestant::start(peer, workshop, &self.postgres, self.dir.path()).await?;
        login::fill(&mut contestant, &self.postgres, &self.plan, &progress).await?;
        Ok(contestant)
    }

    /// All measurements, one after the other.
    pub(crate) async fn hold(&mut self, workshop: &Workshop) -> Result<(), Box<dyn Error>> {
        self.postgres.tidy_up(&self.databases()).await?;
        self.warm_up().await?;
        self.closed_loop().await?;
        self.count_commits().await?;
        self.open_loop().await?;
        self.parallel_tabs().await?;
        self.logouts_elsewhere(workshop).await?;
        self.crash(workshop).await
    }

    async fn warm_up(&mut self) -> Result<(), Box<dyn Error>> {
        let progress = Progress::begin("Warming up", self.contestants.len() * Operation::ALL.len());
        let until = Until::After(self.plan.slice / 2);
        for operation in Operation::ALL {
            progress.say(operation.name());
            for contestant in &mut self.contestants {
                closed::drive(contestant, operation, self.plan.connections, until, 0).await?;
                progress.advance();
            }
        }
        Ok(())
    }

    async fn closed_loop(&mut self) -> Result<(), Box<dyn Error>> {
        let parts = self.plan.rounds * self.contestants.len() * Operation::ALL.len();
        let progress = Progress::begin("Closed loop", parts);
        for round in 1..=self.plan.rounds {
            progress.say(&format!("round {round} of {}", self.plan.rounds));
            self.postgres.sweep(&self.databases()).await?;
            for operation in Operation::ALL {
                for contestant in &mut self.contestants {
                    let (connections, length) = (self.plan.connections, self.plan.slice);
                    let postgres = &self.postgres;
                    let slice =
                        closed::measure(contestant, postgres, operation, connections, length, round as u64);
                    let slice = slice.await?;
                    self.findings.closed.entry((operation, contestant.peer.name)).or_default().push(slice);
                    progress.advance();
                }
            }
        }
        Ok(())
    }

    async fn count_commits(&mut self) -> Result<(), Box<dyn Error>> {
        let progress = Progress::begin("Counting commits", Operation::OF_A_SESSION.len());
        let mut counts = commits::at_rest(&self.postgres).await?;
        for operation in Operation::OF_A_SESSION {
            progress.say(operation.name());
            let (connections, requests) = (self.plan.connections, self.plan.counted_requests);
            let (contestants, postgres) = (&mut self.contestants, &self.postgres);
            let counted =
                commits::count(contestants, postgres, operation, connections, requests, &mut counts).await?;
            let by_event = counted.into_iter().map(|(name, commits)| ((operation, name), commits));
            self.findings.commits.extend(by_event);
            progress.advance();
        }
        Ok(())
    }

    async fn open_loop(&mut self) -> Result<(), Box<dyn Error>> {
        let parts = self.plan.rounds * self.contestants.len() * Operation::OF_THE_ACTIVE.len();
        let progress = Progress::begin("Open loop", parts);
        for round in 1..=self.plan.rounds {
            progress.say(&format!("round {round} of {}", self.plan.rounds));
            self.postgres.sweep(&self.databases()).await?;
            for operation in Operation::OF_THE_ACTIVE {
                let rates = self.rates(operation);
                for (contestant, rate) in self.contestants.iter_mut().zip(rates) {
                    let (slice, seed) = (self.plan.slice, round as u64);
                    let steady = open::drive(contestant, operation, rate, slice, seed).await?;
                    let event = (operation, contestant.peer.name);
                    match self.findings.open.get_mut(&event) {
                        Some(before) => before.add(steady)?,
                        None => drop(self.findings.open.insert(event, steady)),
                    }
                    progress.advance();
                }
            }
        }
        Ok(())
    }

    async fn parallel_tabs(&mut self) -> Result<(), Box<dyn Error>> {
        let progress = Progress::begin("Parallel tabs", self.contestants.len());
        for contestant in &self.contestants {
            progress.say(contestant.peer.name);
            for operation in Operation::CHANGING {
                let event = (operation, contestant.peer.name);
                let postgres = &self.postgres;
                let tabs = tabs::contend(contestant, postgres, operation, self.plan.tab_sessions).await?;
                self.findings.tabs.insert(event, tabs);
                let logouts = logouts::log_out(contestant, postgres, operation, self.plan.logouts).await?;
                self.findings.logouts.insert(event, logouts);
            }
            progress.advance();
        }
        Ok(())
    }

    async fn logouts_elsewhere(&mut self, workshop: &Workshop) -> Result<(), Box<dyn Error>> {
        let progress = Progress::begin("Logouts in another process", self.contestants.len());
        for contestant in &self.contestants {
            progress.say(contestant.peer.name);
            let twin = contestant.twin(workshop, self.dir.path()).await?;
            let stale = elsewhere::log_out(contestant, &twin, self.plan.stale_max).await?;
            self.findings.stale.insert(contestant.peer.name, stale);
            progress.advance();
        }
        Ok(())
    }

    async fn crash(&mut self, workshop: &Workshop) -> Result<(), Box<dyn Error>> {
        let progress = Progress::begin("A crash", 1);
        let (contestants, postgres) = (&mut self.contestants, &mut self.postgres);
        let losses = crash::crash(contestants, postgres, workshop, self.dir.path()).await?;
        self.findings.losses.extend(losses);
        progress.advance();
        Ok(())
    }

    /// The rate of each contestant in the open loop: one rate for all in Rust, and one for Python.
    fn rates(&self, operation: Operation) -> Vec<f64> {
        let found = |contestant: &Contestant| {
            let slices = self.findings.closed.get(&(operation, contestant.peer.name));
            median(&slices.map_or(Vec::new(), |slices| slices.iter().map(Slice::rate).collect()))
        };
        let rates: Vec<_> = self.contestants.iter().map(|one| (one.peer.language, found(one))).collect();
        bearable(&rates)
    }

    fn databases(&self) -> Vec<&'static str> {
        self.contestants.iter().map(|contestant| contestant.peer.name).collect()
    }
}

/// Half of the rate of the slowest in the same language, so that all of a language get the same.
fn bearable(rates: &[(Language, f64)]) -> Vec<f64> {
    let slowest = |language| {
        let of_it = rates.iter().filter(|(other, _)| *other == language);
        of_it.map(|(_, rate)| *rate).fold(f64::INFINITY, f64::min)
    };
    rates.iter().map(|(language, _)| (slowest(*language) / 2.0).max(1.0)).collect()
}

#[test]
fn all_of_a_language_get_half_of_what_its_slowest_can_do() {
    let rates = [(Language::Rust, 4000.0), (Language::Python, 200.0), (Language::Rust, 3000.0)];
    assert_eq!(bearable(&rates), [1500.0, 100.0, 1500.0]);
}
