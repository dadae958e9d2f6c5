//! A server that takes no more writes, as after a failover behind a name, and later takes them again.

use private_postgres::{Options, Server};
use session_ledger::Ledger;
use session_ledger::web::Sessions;
use test_support::{Visitor, application, key_ring};
use tokio_postgres::{Client, Config, NoTls};

async fn switch(client: &Client, on: &str) {
    client.batch_execute(&format!("alter system set default_transaction_read_only = {on}")).await.unwrap();
    client.batch_execute("select pg_reload_conf()").await.unwrap();
    while client.query_one("show default_transaction_read_only", &[]).await.unwrap().get::<_, &str>(0) != on {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_server_that_takes_no_writes_is_a_503_until_it_takes_them_again() {
    let server = Server::start(Options::new()).unwrap();
    let config: Config = server.connection_string("postgres").parse().unwrap();
    let (client, connection) = config.connect(NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute("create table purchase (item text)").await.unwrap();
    Ledger::migrate(&config).await.unwrap();
    let ledger = Ledger::builder(config).connections_max(1).connect().await.unwrap();
    let visitor = Visitor::new(&application(Sessions::new(ledger, key_ring())));
    assert_eq!(visitor.get("/login/alice").await.status, 200);
    for path in ["/add", "/order/teapot/then/200", "/logout"] {
        assert_eq!(visitor.get("/me").await.status, 200, "a connection is open before {path}");
        switch(&client, "on").await;
        for nth in 0..3 {
            let answer = visitor.get(path).await;
            assert_eq!(answer.status, 503, "{path}, request {nth}: {}", answer.body);
            assert_eq!(answer.headers["retry-after"], "1");
        }
        switch(&client, "off").await;
        assert_eq!(visitor.get(path).await.status, 200, "{path} once writes are taken again");
    }
    let rows = client.query_one("select count(*) from purchase", &[]).await.unwrap();
    assert_eq!(rows.get::<_, i64>(0), 1);
}
