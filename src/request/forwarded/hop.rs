//! One hop of a header, as a proxy has written it.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How many bytes of one hop are read. A host name in a hop may have come from the client.
const BYTES_MAX: usize = 1024;

/// The notation of a header.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// `Forwarded`: parameters, one of which is `for` (RFC 7239, section 4).
    Standard,
    /// `X-Forwarded-For`: addresses alone.
    List,
}

/// What a proxy tells of its peer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Hop {
    /// Its address.
    Address(IpAddr),
    /// Nothing, on purpose: `unknown`, a name that hides the address, or no word about it.
    Hidden,
    /// An empty place in the list (RFC 9110, section 5.6.1.2).
    Empty,
    /// What cannot be read, and why.
    Garbage(&'static str),
}

/// The last hop of a list, and what stands before it.
///
/// It is found from the right. So a quotation mark that a client has left open does not hide the hop that a
/// proxy has added.
pub(super) fn last_hop(list: &[u8], style: Style) -> (Option<&[u8]>, Hop) {
    let Some((before, hop)) = split_last(list, style) else {
        return (None, Hop::Garbage("a hop is too long, or a quotation mark is missing"));
    };
    let hop = std::str::from_utf8(hop).map(str::trim);
    let hop = match (hop, style) {
        (Ok(""), _) => Hop::Empty,
        (Ok(hop), Style::Standard) => of_parameters(hop),
        (Ok(hop), Style::List) => of_node(hop),
        (Err(_), _) => Hop::Garbage("a hop is no text"),
    };
    (before, hop)
}

/// Splits a list at its last comma, which in `Forwarded` stands outside of quotation marks. None if that
/// cannot be told.
fn split_last(list: &[u8], style: Style) -> Option<(Option<&[u8]>, &[u8])> {
    let mut is_quoted = false;
    for (at, byte) in list.iter().enumerate().rev().take(BYTES_MAX) {
        match byte {
            b'"' if style == Style::Standard && !is_escaped(list, at) => is_quoted = !is_quoted,
            b',' if !is_quoted => return Some((Some(&list[..at]), &list[at + 1..])),
            _ => {}
        }
    }
    (list.len() <= BYTES_MAX && !is_quoted).then_some((None, list))
}

/// Whether an odd number of backslashes stands before this place.
fn is_escaped(list: &[u8], at: usize) -> bool {
    let slashes = list[..at].iter().rev().take(BYTES_MAX).take_while(|byte| **byte == b'\\').count();
    slashes % 2 == 1
}

/// Reads the parameters of a hop: `for=192.0.2.60;proto=http`.
fn of_parameters(hop: &str) -> Hop {
    let mut node = None;
    let mut rest = hop;
    while !rest.is_empty() {
        let Some((name, value)) = rest.split_once('=') else {
            return Hop::Garbage("a parameter has no value");
        };
        let Some((value, behind)) = value_at(value) else {
            return Hop::Garbage("a quoted value is followed by other characters");
        };
        if name.trim().eq_ignore_ascii_case("for") && node.replace(value).is_some() {
            return Hop::Garbage("a hop tells two addresses");
        }
        rest = behind;
    }
    node.map_or(Hop::Hidden, |node| of_node(&node))
}

/// The value at the beginning of a text, and what comes behind its semicolon.
fn value_at(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let (value, behind) = text.split_once(';').unwrap_or((text, ""));
        return Some((value.trim().to_owned(), behind));
    };
    let (mut value, mut is_escaped) = (String::new(), false);
    for (at, character) in quoted.char_indices() {
        match character {
            '\\' if !is_escaped => is_escaped = true,
            '"' if !is_escaped => {
                let behind = quoted[at + 1..].trim_start();
                let behind = if behind.is_empty() { Some("") } else { behind.strip_prefix(';') };
                return behind.map(|behind| (value, behind));
            }
            character => {
                value.push(character);
                is_escaped = false;
            }
        }
    }
    None
}

/// Reads an address with or without a port, or a word in place of it (RFC 7239, section 6).
fn of_node(node: &str) -> Hop {
    // Behind these a port is a port: a bare IPv6 address has colons of its own.
    let (name, port) = match node.strip_prefix('[').map(|rest| rest.split_once(']')) {
        Some(Some((name, ""))) => (name, None),
        Some(Some((name, port))) => match port.strip_prefix(':') {
            Some(port) => (name, Some(port)),
            None => return Hop::Garbage("it is no address"),
        },
        Some(None) => return Hop::Garbage("a bracket is missing"),
        None => match node.split_once(':') {
            Some((name, port)) if !port.contains(':') => (name, Some(port)),
            _ => (node, None),
        },
    };
    if !port.is_none_or(is_port) {
        return Hop::Garbage("it has no port that exists");
    }
    let address = match node.strip_prefix('[') {
        Some(_) => name.parse::<Ipv6Addr>().map(IpAddr::from),
        None => {
            name.parse::<Ipv4Addr>().map(IpAddr::from).or_else(|_| node.parse::<Ipv6Addr>().map(IpAddr::from))
        }
    };
    match address {
        Ok(address) => Hop::Address(address),
        Err(_) if name.eq_ignore_ascii_case("unknown") || is_hidden(name) => Hop::Hidden,
        Err(_) => Hop::Garbage("it is no address"),
    }
}

fn is_port(port: &str) -> bool {
    let is_number = port.bytes().all(|byte| byte.is_ascii_digit()) && port.parse::<u16>().is_ok();
    is_number || is_hidden(port)
}

/// Whether it is a name that hides what it stands for (RFC 7239, section 6.3).
fn is_hidden(name: &str) -> bool {
    let is_of_name = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    name.strip_prefix('_').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(is_of_name))
}
