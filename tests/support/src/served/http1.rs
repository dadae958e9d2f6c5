//! A client of HTTP/1.1 that reads an answer as it comes.

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::in_time;

/// A connection with one request on it.
#[derive(Debug)]
pub struct Http1 {
    socket: TcpStream,
    /// What has come and was not taken yet.
    read: Vec<u8>,
}

impl Http1 {
    /// Sends a request whose further headers are given as lines.
    pub async fn send(
        address: SocketAddr,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Self {
        let mut socket = in_time(TcpStream::connect(address)).await.expect("the server listens");
        let lines: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length =
            if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        let text = format!("{method} {path} HTTP/1.1\r\nHost: shop.example\r\n{lines}{length}\r\n{body}");
        socket.write_all(text.as_bytes()).await.expect("the server reads");
        Self { socket, read: Vec::new() }
    }

    /// The head of the answer: its status line and its headers.
    pub async fn head(&mut self) -> String {
        self.until("\r\n\r\n").await.expect("an answer")
    }

    /// The status of the answer.
    pub async fn status(&mut self) -> u16 {
        self.head().await[9..12].parse().expect("a status")
    }

    /// What comes up to this mark, which is left out; none if the server closes the connection first.
    pub async fn until(&mut self, mark: &str) -> Option<String> {
        loop {
            let found = self.read.windows(mark.len()).position(|window| window == mark.as_bytes());
            if let Some(at) = found {
                let rest = self.read.split_off(at + mark.len());
                let text = std::mem::replace(&mut self.read, rest);
                return Some(String::from_utf8_lossy(&text[..at]).into_owned());
            }
            if in_time(self.socket.read_buf(&mut self.read)).await.expect("the connection holds") == 0 {
                return None;
            }
        }
    }

    /// The connection, once the head of the answer is read.
    pub(super) fn into_socket(self) -> (TcpStream, Vec<u8>) {
        (self.socket, self.read)
    }
}
