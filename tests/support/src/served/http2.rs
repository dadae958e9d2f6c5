//! A client of HTTP/2 over a plain connection, with prior knowledge (RFC 9113, section 3.3).

use std::net::SocketAddr;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::in_time;

const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// Kinds of frames (section 6).
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const SETTINGS: u8 = 4;

/// Flags of frames.
const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

/// Sends one request, and returns the status and the body of the answer. The length of the body is not told.
pub async fn http2(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: Option<&str>,
) -> (u16, String) {
    let mut socket = in_time(TcpStream::connect(address)).await.expect("the server listens");
    let pseudo = [(":method", method), (":scheme", "http"), (":path", path), (":authority", "shop.example")];
    let block: Vec<u8> = pseudo.iter().chain(headers).flat_map(|(name, value)| field(name, value)).collect();
    let mut sent = PREFACE.to_vec();
    sent.extend(frame(SETTINGS, 0, 0, &[]));
    sent.extend(frame(HEADERS, END_HEADERS | if body.is_none() { END_STREAM } else { 0 }, 1, &block));
    if let Some(body) = body {
        sent.extend(frame(DATA, END_STREAM, 1, body.as_bytes()));
    }
    socket.write_all(&sent).await.expect("the server reads");
    in_time(answer(&mut socket)).await
}

async fn answer(socket: &mut TcpStream) -> (u16, String) {
    let (mut code, mut body) = (None, Vec::new());
    loop {
        let mut head = [0; 9];
        socket.read_exact(&mut head).await.expect("a frame");
        let [a, b, c, kind, flags, _, _, _, stream] = head;
        let mut payload = vec![0; u32::from_be_bytes([0, a, b, c]) as usize];
        socket.read_exact(&mut payload).await.expect("a whole frame");
        match (kind, stream) {
            (HEADERS, 1) => code = Some(status(&payload)),
            (DATA, 1) => body.extend(payload),
            (3 | 7, _) => panic!("the server has ended the stream: {payload:?}"),
            _ => continue,
        }
        if flags & END_STREAM != 0 {
            return (code.expect("headers come first"), String::from_utf8_lossy(&body).into_owned());
        }
    }
}

fn frame(kind: u8, flags: u8, stream: u8, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload").to_be_bytes();
    let head = [length[1], length[2], length[3], kind, flags, 0, 0, 0, stream];
    [&head, payload].concat()
}

/// A header as a literal that nobody need remember (RFC 7541, section 6.2.2).
fn field(name: &str, value: &str) -> Vec<u8> {
    [&[0][..], &length(name.len()), name.as_bytes(), &length(value.len()), value.as_bytes()].concat()
}

/// The length of a plain text, with a prefix of seven bits (RFC 7541, section 5.1).
fn length(bytes: usize) -> Vec<u8> {
    match u8::try_from(bytes).expect("a short text").checked_sub(127) {
        None => vec![bytes as u8],
        Some(rest) if rest < 128 => vec![127, rest],
        Some(rest) => vec![127, rest, 1],
    }
}

/// The status, which comes first: by its place in the static table, or as a literal of three digits in
/// Huffman's code (RFC 7541, appendices A and B).
fn status(block: &[u8]) -> u16 {
    match *block {
        [known @ 0x88..=0x8e, ..] => [200, 204, 206, 304, 400, 404, 500][usize::from(known) - 0x88],
        [0x48, length, ref coded @ ..] if length & 0x80 != 0 => {
            let bits = coded.iter().take(3).fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << 8;
            digits(bits)
        }
        [0x48, 3, a, b, c, ..] => String::from_utf8_lossy(&[a, b, c]).parse().expect("a status"),
        _ => panic!("the status is written in another way: {block:?}"),
    }
}

fn digits(mut bits: u32) -> u16 {
    (0..3).fold(0, |number, _| {
        // Of `0`, `1` and `2` the code has five bits, of the other digits six.
        let (digit, width) = match bits >> 27 {
            short @ 0..=2 => (short, 5),
            _ => ((bits >> 26) - 0x19 + 3, 6),
        };
        bits <<= width;
        number * 10 + digit as u16
    })
}

#[test]
fn a_status_is_read_in_each_form() {
    assert_eq!(status(&[0x88]), 200);
    assert_eq!(status(&[0x48, 0x03, b'5', b'0', b'3']), 503);
    // 011011 00000 011001, padded with ones.
    assert_eq!(status(&[0x48, 0x83, 0b0110_1100, 0b0000_1100, 0b1111_1111]), 503);
}
