//! An application behind poem's own server, and clients that speak to it over real connections.

mod http1;
mod http2;
mod websocket;

use std::net::SocketAddr;
use std::time::Duration;

use poem::listener::{Acceptor, Listener, TcpListener};
use poem::{EndpointExt, Server};

use crate::App;

pub use http1::Http1;
pub use http2::http2;
pub use websocket::WebSocket;

/// How long a client waits for what must come.
const PATIENCE: Duration = Duration::from_secs(10);

/// Serves an application on an address of this machine, for as long as the test's runtime lives.
pub async fn serve(app: &App) -> SocketAddr {
    let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await.expect("a free port");
    let address = *acceptor.local_addr()[0].as_socket_addr().expect("an address of IP");
    tokio::spawn(Server::new_with_acceptor(acceptor).run(app.clone().map_to_response()));
    address
}

async fn in_time<T>(asked: impl Future<Output = T>) -> T {
    tokio::time::timeout(PATIENCE, asked).await.expect("the server answers in time")
}
