//! `projector end`.

use std::cell::Cell;
use std::future::poll_fn;
use std::io::Cursor;
use std::task::Poll;

use projector::cli::Command;
use projector::{Answer, Error, end};
use session_ledger::Ledger;
use session_ledger::session::{Event, SessionId};
use test_support::Database;

use super::capture::Capture;
use super::{projector, stderr, stdout, stories};

fn order(arguments: &[&str]) -> Result<end::Order, Error> {
    let Command::End(asked) = super::command(&[&["end"], arguments].concat()) else {
        panic!("{arguments:?}")
    };
    asked.order()
}

/// Ends what `arguments` say, while somebody types `answer`.
async fn run(
    ledger: &Ledger,
    arguments: &[&str],
    answer: &str,
    capture: &mut Capture,
) -> Result<Answer, Error> {
    let (order, mut answers) = (order(arguments).unwrap(), Cursor::new(answer.to_owned()));
    end::run(ledger, &order, Some(&mut answers), std::future::pending(), &mut capture.console()).await
}

async fn live(ledger: &Ledger) -> Vec<SessionId> {
    let sessions = ledger.sessions(&"alice".into()).await.unwrap();
    sessions.into_iter().filter(|summary| summary.ended.is_none()).map(|summary| summary.id).collect()
}

#[tokio::test]
async fn one_session_ends_without_a_question() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let session = stories::on_phone().to_string();
    let run =
        |more: &[&str]| projector(&database.config()).args(["end", &session]).args(more).output().unwrap();
    let output = run(&["--reason", "account_disabled", "--by", "admin"]);
    assert_eq!((output.status.code(), stdout(&output).as_str()), (Some(0), "Ended 1 session.\n"));
    let last = ledger.history(stories::on_phone()).await.unwrap().pop().unwrap();
    assert_eq!(last.entry.actor, Some("admin".into()));
    let Ok(Event::Ended(fact)) = last.entry.event() else { panic!("{last:?}") };
    assert_eq!(fact.reason.as_str(), "account_disabled");

    let again = run(&[]);
    assert_eq!((again.status.code(), stdout(&again).as_str()), (Some(1), "Ended 0 sessions.\n"));
    let note = format!("The session {session} is not live: it has ended before, or never was.\n");
    assert_eq!(stderr(&again), note);
}

#[tokio::test]
async fn a_users_sessions_end_but_the_one_that_is_kept() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let (mut capture, keep) = (Capture::default(), stories::on_phone().to_string());
    let arguments = ["--user", "alice", "--keep", &keep, "--own-reason", "audit 7", "--by", "admin"];
    assert_eq!(run(&ledger, &arguments, "yes\n", &mut capture).await.unwrap(), Answer::Yes);
    assert_eq!(capture.out(), "Ended 1 session.\n");
    let question = format!(
        "This ends each live session of user \"alice\" besides {keep}, for the reason \"audit 7\". Type yes to go on:\n"
    );
    assert_eq!(capture.notes(), format!("1 live session found. {question}"));
    assert_eq!(live(&ledger).await, [stories::on_phone()]);
    let mut capture = Capture::default();
    assert_eq!(run(&ledger, &arguments, "yes", &mut capture).await.unwrap(), Answer::No);
    let none = format!("There is no live session of user \"alice\" besides {keep}.\n");
    assert_eq!(capture.notes(), format!("0 live sessions found. {question}{none}"));
}

#[tokio::test]
async fn anything_but_yes_ends_nothing() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let of_network = ["--from-network", "192.0.2.0/24", "--by", "admin"];
    for answer in ["no\n", "\n", "", "y\n", "yes please\n"] {
        let refused = run(&ledger, &of_network, answer, &mut Capture::default()).await.unwrap_err();
        assert_eq!(refused.to_string(), "nothing was ended: only the answer yes ends sessions");
    }
    let output = projector(&database.config()).args(["end"]).args(of_network).output().unwrap();
    let told = "error: this may end more than one session, and there is no terminal to ask at: add --yes\n";
    assert_eq!((output.status.code(), stderr(&output).as_str()), (Some(2), told));
    assert_eq!(live(&ledger).await.len(), 2);
}

#[tokio::test]
async fn a_dry_run_says_how_many_would_end_and_ends_none() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let told = |more: &[&str]| {
        let output = projector(&database.config()).args(["end", "--dry-run"]).args(more).output().unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let would = |code, words: &str| (Some(code), format!("{words}.\n"), String::new());
    let keep = stories::on_phone().to_string();
    assert_eq!(told(&["--user", "alice"]), would(0, "2 live sessions would end of user \"alice\""));
    let besides = format!("1 live session would end of user \"alice\" besides {keep}");
    assert_eq!(told(&["--user", "alice", "--keep", &keep]), would(0, &besides));
    assert_eq!(told(&["--everything"]), would(0, "3 live sessions would end"));
    assert_eq!(told(&["--user", "bob"]), would(1, "0 live sessions would end of user \"bob\""));
    assert_eq!(live(&ledger).await.len(), 2);
    // Those that it counts are those that end.
    let elsewhere = "update session_ledger.login_step set client_ip = '198.51.100.9' where session_id = $1";
    database.connect().await.execute(elsewhere, &[&stories::on_phone().as_uuid()]).await.unwrap();
    let network = told(&["--from-network", "198.51.100.0/24"]);
    let words = "1 live session would end that was used or signed in to from 198.51.100.0/24";
    assert_eq!(network, would(0, words));
}

#[tokio::test]
async fn a_network_and_everything_are_ended() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let elsewhere = "update session_ledger.login_step set client_ip = '198.51.100.9' where session_id = $1";
    database.connect().await.execute(elsewhere, &[&stories::on_phone().as_uuid()]).await.unwrap();
    let run = |more: &[&str]| {
        let output =
            projector(&database.config()).args(["end", "--yes", "--by", "admin"]).args(more).output();
        let output = output.unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let ended = |number| (Some(0), format!("Ended {number}.\n"), String::new());
    assert_eq!(run(&["--from-network", "198.51.100.0/24"]), ended("1 session"));
    assert_eq!(live(&ledger).await, [stories::by_program()]);
    // The other one, and that of a visitor.
    assert_eq!(run(&["--everything"]), ended("2 sessions"));
    let none = (Some(1), "Ended 0 sessions.\n".to_owned(), "There is no live session.\n".to_owned());
    assert_eq!(run(&["--everything"]), none);
    let of_visitor = ledger.history(stories::session_of_visitor()).await.unwrap();
    assert_eq!(of_visitor.last().unwrap().entry.encoded.kind(), "ended");
}

#[tokio::test]
async fn it_stops_between_two_sessions_and_says_how_far_it_came() {
    let database = Database::fresh().await;
    let ledger = stories::tell(&database).await;
    let mut capture = Capture::default();
    let sessions = [stories::on_phone(), stories::by_program()].map(|session| session.to_string());
    let order = order(&[&sessions[0], &sessions[1], "--by", "admin", "--yes"]).unwrap();
    let looks = Cell::new(0);
    let stop = poll_fn(|_| {
        looks.set(looks.get() + 1);
        if looks.get() > 1 { Poll::Ready(()) } else { Poll::Pending }
    });
    let error = end::run(&ledger, &order, None, stop, &mut capture.console()).await.unwrap_err();
    assert_eq!(error.to_string(), "it was stopped: the other sessions go on; run it again to end them");
    assert_eq!(
        (capture.out().as_str(), capture.notes().as_str()),
        ("", "1 session was ended before that.\n")
    );
    assert_eq!(live(&ledger).await.len(), 1);
}

#[test]
fn more_than_one_session_needs_somebody_who_ends_them() {
    let (one, other) = (stories::on_phone().to_string(), stories::by_program().to_string());
    for arguments in
        [&["--user", "alice"][..], &["--everything"], &["--from-network", "::1"], &[&one, &other]]
    {
        let told = order(arguments).unwrap_err().to_string();
        assert_eq!(told, "say with --by who ends more than one session: the history shows it");
    }
    assert!(order(&[&one]).is_ok() && order(&["--user", "alice", "--by", "admin"]).is_ok());
    let wrong: [&[&str]; 6] = [
        &[],
        &["--user", "alice", "--everything"],
        &["--keep", &one, &other],
        &["--reason", "revokd", &one],
        &["--reason", "idle_timeout", &one],
        &["--from-network", "192.0.2.0/33", "--by", "admin"],
    ];
    for arguments in wrong {
        let output = super::bare_projector().arg("end").args(arguments).output().unwrap();
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
    }
}

/// An end is an event of the log, and the application's role alone may write those.
#[tokio::test]
async fn the_role_of_the_application_may_end_and_that_of_an_auditor_may_not() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let mut told = Vec::new();
    for role in ["session_ledger_auditor", "session_ledger_operator", "session_ledger_runtime"] {
        let name = format!("ending_{}", database.name());
        let client = database.connect().await;
        client.batch_execute(&format!("create role {name} login; grant {role} to {name}")).await.unwrap();
        let mut config = database.config();
        let arguments = ["end", "--user", "alice", "--by", "admin", "--yes"];
        let output = projector(config.user(&name)).args(arguments).output().unwrap();
        client.batch_execute(&format!("drop role {name}")).await.unwrap();
        told.push((output.status.code(), stdout(&output) + &stderr(&output)));
    }
    let advice = "; `projector end` needs a role that is granted session_ledger_runtime\n";
    assert!(told[..2].iter().all(|(code, told)| *code == Some(2) && told.ends_with(advice)), "{told:?}");
    assert_eq!(told[2], (Some(0), "Ended 2 sessions.\n".to_owned()));
}
