//! A ledger that only asks may be connected to a standby.

use std::time::{Duration, Instant};

use private_postgres::{Options, Server};
use session_ledger::session::{EventFilter, LoginFilter};
use session_ledger::{Ledger, Sessions};
use test_support::{Visitor, application, key_ring};
use tokio_postgres::Config;
use tokio_postgres::config::TargetSessionAttrs;

#[tokio::test]
async fn a_standby_answers_questions() {
    let primary = Server::start(Options::new()).unwrap();
    let standby = Server::standby_of(&primary, Options::new()).unwrap();
    let config: Config = primary.connection_string("postgres").parse().unwrap();
    Ledger::migrate(&config).await.unwrap();
    let ledger = Ledger::builder(config).connect().await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    assert_eq!(visitor.get("/login/alice").await.status, 200);

    let mut config: Config = standby.connection_string("postgres").parse().unwrap();
    config.target_session_attrs(TargetSessionAttrs::ReadOnly);
    let since = Instant::now();
    // It takes a moment until the standby has what the primary has.
    let logins = loop {
        if let Ok(reader) = Ledger::builder(config.clone()).without_requests().connect().await
            && let Ok(page) = reader.logins_page(&LoginFilter::all(), None, 9).await
            && !page.logins.is_empty()
        {
            let events = reader.events_page(&EventFilter::of_user("alice"), None, 9).await.unwrap();
            assert_eq!(events.events.len(), 2);
            assert!(reader.verify(|_| {}).await.unwrap().is_equal());
            let fold = reader.verify_fold(|_| {}).await.unwrap();
            assert!(fold.is_equal() && fold.events == 2);
            break page.logins;
        }
        assert!(since.elapsed() < Duration::from_secs(60), "the standby does not follow");
        tokio::time::sleep(Duration::from_millis(50)).await;
    };
    assert_eq!(logins[0].user, Some("alice".into()));
}
