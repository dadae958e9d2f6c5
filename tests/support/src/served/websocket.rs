//! A client of WebSocket that sends and reads short texts (RFC 6455).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::{Http1, in_time};

/// The kinds of frames that are read and written, each as the whole of a message.
const TEXT: u8 = 0x81;
const CLOSE: u8 = 0x88;

/// An open WebSocket.
#[derive(Debug)]
pub struct WebSocket {
    socket: TcpStream,
    read: Vec<u8>,
}

impl WebSocket {
    /// Opens one, with these further headers.
    pub async fn open(address: SocketAddr, path: &str, headers: &[(&str, &str)]) -> Self {
        let upgrade = [
            ("Connection", "Upgrade"),
            ("Upgrade", "websocket"),
            ("Sec-WebSocket-Version", "13"),
            ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let headers = [&upgrade, headers].concat();
        let mut opening = Http1::send(address, "GET", path, &headers, "").await;
        let head = opening.head().await;
        assert!(head.starts_with("HTTP/1.1 101"), "{head}");
        let (socket, read) = opening.into_socket();
        Self { socket, read }
    }

    /// Sends a text.
    pub async fn send(&mut self, text: &str) {
        let length = u8::try_from(text.len()).ok().filter(|length| *length < 126).expect("a short text");
        // A mask of zeros leaves the text as it is.
        let frame = [&[TEXT, 0x80 | length, 0, 0, 0, 0], text.as_bytes()].concat();
        self.socket.write_all(&frame).await.expect("the server reads");
    }

    /// The next text; none once the server has closed the socket.
    pub async fn next(&mut self) -> Option<String> {
        let [kind, length] = self.take(2).await?.try_into().expect("two bytes");
        assert!(length < 126, "a short frame");
        let payload = self.take(length.into()).await?;
        match kind {
            TEXT => Some(String::from_utf8(payload).expect("a text")),
            CLOSE => None,
            other => panic!("an unexpected frame {other:#x}"),
        }
    }

    async fn take(&mut self, bytes: usize) -> Option<Vec<u8>> {
        while self.read.len() < bytes {
            if in_time(self.socket.read_buf(&mut self.read)).await.expect("the connection holds") == 0 {
                return None;
            }
        }
        let rest = self.read.split_off(bytes);
        Some(std::mem::replace(&mut self.read, rest))
    }
}
