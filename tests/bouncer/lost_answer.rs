//! A COMMIT that arrives and whose answer does not: the outcome is found out through the pooler.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use session_ledger::Ledger;
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::{TcpListener, TcpStream, UnixStream};
use tokio_postgres::Config;
use tokio_postgres::config::Host;

use crate::{Scene, visitor};

/// The server's answer to a COMMIT.
const COMMITTED: &[u8] = b"COMMIT\0";

/// Whether the connection breaks instead of the next such answer.
type Armed = Arc<AtomicBool>;

#[tokio::test]
async fn a_commit_whose_answer_is_lost_is_not_done_again() {
    for path in ["/add", "/order/teapot/then/200"] {
        let scene = Scene::set().await;
        let (config, armed) = line_to(&scene.pooler.config()).await;
        let ledger = Ledger::builder(config).unnamed_statements().connect().await.unwrap();
        let visitor = visitor(&ledger);
        visitor.get("/add").await;
        armed.store(true, Ordering::SeqCst);
        let answer = visitor.get(path).await;
        assert_eq!(answer.status, 200, "{path}: {answer:?}");
        assert!(!armed.load(Ordering::SeqCst), "{path}: the connection broke");
        assert_eq!(visitor.get("/show").await.body, "- 2", "{path}: once, not twice");
    }
}

/// A proxy to the pooler, and its switch.
async fn line_to(pooler: &Config) -> (Config, Armed) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let mut config = Config::new();
    config.host("127.0.0.1").port(listener.local_addr().unwrap().port());
    config.user("anybody").dbname(pooler.get_dbname().unwrap());
    let (pooler, armed) = (pooler.clone(), Armed::default());
    let arming = Arc::clone(&armed);
    tokio::spawn(async move {
        while let Ok((client, _)) = listener.accept().await {
            tokio::spawn(carry(client, connect(&pooler).await, Arc::clone(&arming)));
        }
    });
    (config, armed)
}

async fn connect(pooler: &Config) -> UnixStream {
    let Some(Host::Unix(directory)) = pooler.get_hosts().first() else { panic!("the pooler has a socket") };
    UnixStream::connect(directory.join(format!(".s.PGSQL.{}", pooler.get_ports()[0]))).await.unwrap()
}

/// Closes both ends when one way ends.
async fn carry(mut client: TcpStream, mut pooler: UnixStream, armed: Armed) {
    let ((mut from_client, mut to_client), (mut from_pooler, mut to_pooler)) =
        (client.split(), pooler.split());
    let answers = async {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(bytes @ 1..) = from_pooler.read(&mut buffer).await {
            let answer = &buffer[..bytes];
            let commits = answer.windows(COMMITTED.len()).any(|window| window == COMMITTED);
            if commits && armed.swap(false, Ordering::SeqCst) {
                break;
            }
            to_client.write_all(answer).await.unwrap();
        }
    };
    tokio::select! {
        () = answers => {}
        _ = copy(&mut from_client, &mut to_pooler) => {}
    }
}
