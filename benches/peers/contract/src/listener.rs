//! Listening for the clients.

use std::net::SocketAddr;

use tokio::net::{TcpListener, TcpSocket};

use crate::Failure;

/// How many connections may wait to be accepted, as with the listeners of the frameworks.
const BACKLOG: u32 = 1024;

/// Listens, and has each connection send what there is to send at once (TCP_NODELAY). A connection has this
/// from its listener on Linux. poem, axum and actix-web set it for none by themselves; gunicorn does.
///
/// # Errors
///
/// It is no address, or somebody listens there already.
pub fn listen(address: &str) -> Result<TcpListener, Failure> {
    let address: SocketAddr = address.parse()?;
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.set_nodelay(true)?;
    socket.bind(address)?;
    Ok(socket.listen(BACKLOG)?)
}
