//! The same over real connections: clients that open one, begin a request, and say nothing more.

use std::time::Duration;

use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{EndpointExt, Server};
use test_support::Visitor;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::scene::{Scene, in_time};

/// Serves the application on an address of this machine.
async fn serve(scene: &Scene) -> String {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.unwrap();
    let address = acceptor.local_addr()[0].as_socket_addr().unwrap().to_string();
    let app = scene.app.clone();
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app.map_to_response()));
    address
}

/// Opens a connection and sends the head of a request.
async fn open(address: &str, path: &str, cookie: Option<&str>, length: &str) -> TcpStream {
    let mut socket = TcpStream::connect(address).await.unwrap();
    let cookie = cookie.map_or(String::new(), |cookie| format!("Cookie: __Host-session={cookie}\r\n"));
    let head = format!("POST {path} HTTP/1.1\r\nHost: shop\r\n{cookie}{length}\r\n\r\n");
    socket.write_all(head.as_bytes()).await.unwrap();
    socket
}

/// The status of the next answer on a connection.
async fn status(socket: &mut TcpStream) -> String {
    let mut answer = [0; 12];
    in_time("a request", socket.read_exact(&mut answer)).await.unwrap();
    String::from_utf8(answer[9..].to_vec()).unwrap()
}

#[tokio::test]
async fn sockets_that_fall_silent_stop_neither_the_application_nor_their_own_session() {
    let scene = Scene::set().await;
    let address = serve(&scene).await;
    let owner = scene.customer().await;
    let cookie = owner.cookie("__Host-session").unwrap();
    let mut silent = Vec::new();
    for (path, length) in [
        ("/uploadtx", "Transfer-Encoding: chunked"),
        ("/uploadtx", "Content-Length: 100"),
        ("/upload", "Transfer-Encoding: chunked"),
        ("/upload", "Content-Length: 100"),
    ] {
        for _ in 0..16 {
            silent.push(open(&address, path, None, length).await);
            silent.push(open(&address, path, Some(&cookie), length).await);
        }
    }
    // The requests whose bodies are not kept: a quarter of the pool with a transaction, one at least without.
    scene.signs.wait_for_handlers(5).await;
    let stranger = Visitor::new(&scene.app);
    for _ in 0..3 {
        assert_eq!(stranger.post("/add", "").await.status, 200);
    }
    for path in ["/add", "/logout"] {
        let mut socket = open(&address, path, Some(&cookie), "Content-Length: 0").await;
        assert_eq!(status(&mut socket).await, "200", "{path}");
    }
    // When they hang up, their connections are free.
    drop(silent);
    scene.wait_for_connections(0, "state like 'idle in transaction%'").await;
}

#[tokio::test]
async fn a_body_that_comes_after_a_while_is_read_whole() {
    let scene = Scene::with_connections(1).await;
    let address = serve(&scene).await;
    let mut slow = open(&address, "/upload", None, "Content-Length: 6").await;
    slow.write_all(b"abc").await.unwrap();
    assert_eq!(Visitor::new(&scene.app).post("/add", "").await.status, 200, "meanwhile");
    slow.write_all(b"def").await.unwrap();
    let mut answer = Vec::new();
    while !answer.ends_with(b"0 6") {
        let read = tokio::time::timeout(Duration::from_secs(5), slow.read_buf(&mut answer)).await;
        assert_ne!(read.expect("an answer").unwrap(), 0, "{}", String::from_utf8_lossy(&answer));
    }
}
