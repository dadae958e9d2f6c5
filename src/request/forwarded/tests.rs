//! The walk from the right, as a table and as properties.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use http::{HeaderMap, HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{Proxies, Source};

const FORWARDED: &str = "forwarded";
const LIST: &str = "x-forwarded-for";

/// The proxies of a data centre, and a peer among them.
fn proxies() -> Proxies {
    Proxies::new(["10.0.0.0/8", "2001:db8:1::/48", "::ffff:172.16.0.0/108"].map(|net| net.parse().unwrap()))
}

const PEER: &str = "10.0.0.7";

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn headers(lines: &[(&str, &[u8])]) -> HeaderMap {
    let line = |(name, value): &(&str, &[u8])| {
        (name.parse::<HeaderName>().unwrap(), HeaderValue::from_bytes(value).unwrap())
    };
    lines.iter().map(line).collect()
}

/// The client of a request from `peer`: `address`, or `address: fault`.
fn walk(peer: &str, lines: &[(&str, &str)]) -> String {
    let lines: Vec<_> = lines.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    let Source { address, fault } = proxies().source(address(peer), &headers(&lines));
    fault.map_or(address.to_string(), |fault| format!("{address}: {fault}"))
}

#[test]
fn the_last_address_that_is_not_a_proxys_is_the_clients() {
    for (header, value, client) in [
        (LIST, "203.0.113.7", "203.0.113.7"),
        (LIST, "198.51.100.1, 203.0.113.7", "203.0.113.7"),
        (LIST, "198.51.100.1, 203.0.113.7, 10.0.0.9", "203.0.113.7"),
        (LIST, "203.0.113.7,2001:db8:1::9 ,172.16.3.4", "203.0.113.7"),
        (LIST, "203.0.113.7:4711", "203.0.113.7"),
        (LIST, "2001:db8::7", "2001:db8::7"),
        (LIST, "[2001:db8::7]", "2001:db8::7"),
        (LIST, "[2001:db8::7]:4711, 10.0.0.9:80", "2001:db8::7"),
        (LIST, "::ffff:203.0.113.7", "203.0.113.7"),
        (LIST, "203.0.113.7, ::ffff:10.0.0.9", "203.0.113.7"),
        (LIST, "203.0.113.7, , 10.0.0.9,", "203.0.113.7"),
        // All are proxies: the first of them is where the request was made.
        (LIST, "10.0.0.5, 10.0.0.9", "10.0.0.5"),
        (LIST, "", PEER),
        // A word in place of an address: nobody has made a mistake.
        (LIST, "203.0.113.7, unknown", PEER),
        (LIST, "unknown, 10.0.0.9", "10.0.0.9"),
        (FORWARDED, "for=203.0.113.7", "203.0.113.7"),
        (FORWARDED, "For=\"203.0.113.7:4711\"", "203.0.113.7"),
        (FORWARDED, "for=\"[2001:db8::7]\"", "2001:db8::7"),
        (FORWARDED, "for=\"[2001:db8::7]:4711\";proto=https", "2001:db8::7"),
        (FORWARDED, "for=\"[2001:db8::7]:_port\"", "2001:db8::7"),
        (FORWARDED, "proto=https; by=10.0.0.7 ;FOR=203.0.113.7", "203.0.113.7"),
        (FORWARDED, "for=198.51.100.1, for=203.0.113.7;host=\"a,b;c=\\\"d\", for=10.0.0.9", "203.0.113.7"),
        (FORWARDED, "for=\"203.0.113.\\7\"", "203.0.113.7"),
        (FORWARDED, "for=203.0.113.7, for=_hidden", PEER),
        (FORWARDED, "for=203.0.113.7, for=unknown", PEER),
        (FORWARDED, "for=203.0.113.7, proto=https", PEER),
        (FORWARDED, "for=_SEVKISEK, for=10.0.0.9", "10.0.0.9"),
    ] {
        assert_eq!(walk(PEER, &[(header, value)]), client, "{header}: {value}");
        let mapped = "::ffff:10.0.0.7";
        assert_eq!(walk(mapped, &[(header, value)]), client, "{header}: {value} from {mapped}");
    }
}

#[test]
fn garbage_is_not_believed_and_what_came_before_it_is() {
    for (header, value, client) in [
        (LIST, "203.0.113.7, nonsense", "10.0.0.7: it is no address"),
        (LIST, "nonsense, 10.0.0.9", "10.0.0.9: it is no address"),
        (LIST, "203.0.113.7:99999", "10.0.0.7: it has no port that exists"),
        (LIST, "203.0.113.7:", "10.0.0.7: it has no port that exists"),
        (LIST, "203.0.113.7:+80", "10.0.0.7: it has no port that exists"),
        (LIST, "[2001:db8::7", "10.0.0.7: a bracket is missing"),
        (LIST, "[203.0.113.7]", "10.0.0.7: it is no address"),
        (LIST, "[2001:db8::7]4711", "10.0.0.7: it is no address"),
        (LIST, "203.0.113.07", "10.0.0.7: it is no address"),
        (LIST, "fe80::1%eth0", "10.0.0.7: it is no address"),
        (LIST, "\"203.0.113.7\"", "10.0.0.7: it is no address"),
        (FORWARDED, "203.0.113.7", "10.0.0.7: a parameter has no value"),
        (FORWARDED, "for=203.0.113.7;for=198.51.100.1", "10.0.0.7: a hop tells two addresses"),
        (FORWARDED, "for=\"203.0.113.7", "10.0.0.7: a hop is too long, or a quotation mark is missing"),
        (FORWARDED, "for=\"203.0.113.7\"0", "10.0.0.7: a quoted value is followed by other characters"),
        (FORWARDED, "for=_", "10.0.0.7: it is no address"),
        (FORWARDED, "for=_a b", "10.0.0.7: it is no address"),
    ] {
        assert_eq!(walk(PEER, &[(header, value)]), client, "{header}: {value}");
    }
    let bytes = headers(&[(LIST, b"203.0.113.7, \xff")]);
    assert_eq!(proxies().source(address(PEER), &bytes).fault, Some("a hop is no text"));
}

#[test]
fn what_a_client_makes_up_stays_unread() {
    let long = format!("{},203.0.113.7", "x".repeat(100_000));
    let many = format!("{}203.0.113.7", "10.0.0.1,".repeat(100_000));
    for (header, value) in [
        (LIST, "nonsense, 203.0.113.7"),
        (LIST, &long),
        (LIST, &many),
        // A quotation mark that is left open must not swallow the hop that the proxy has added.
        (FORWARDED, "for=198.51.100.1;x=\", for=203.0.113.7"),
        (FORWARDED, "for=198.51.100.1;x=\", for=\"203.0.113.7\""),
        (FORWARDED, "for=198.51.100.1;x=\"\\, for=\"203.0.113.7\""),
    ] {
        assert_eq!(walk(PEER, &[(header, value)]), "203.0.113.7");
    }
}

#[test]
fn no_more_is_read_than_a_chain_of_proxies_needs() {
    let chain = |hops: usize| format!("203.0.113.7{}", ", 10.0.0.9".repeat(hops));
    assert_eq!(walk(PEER, &[(LIST, &chain(31))]), "203.0.113.7");
    assert_eq!(walk(PEER, &[(LIST, &chain(32))]), "10.0.0.9: there are more than 32 hops");
    assert_eq!(walk(PEER, &[(LIST, &",".repeat(100_000))]), "10.0.0.7: there are more than 32 hops");
    let hop = |bytes: usize| format!("for=203.0.113.7;host=\"{}\"", "x".repeat(bytes - 23));
    assert_eq!(walk(PEER, &[(FORWARDED, &hop(1024))]), "203.0.113.7");
    assert_eq!(
        walk(PEER, &[(FORWARDED, &hop(1025))]),
        "10.0.0.7: a hop is too long, or a quotation mark is missing"
    );
}

#[test]
fn only_a_trusted_peer_is_believed() {
    let spoofed = [(FORWARDED, "for=203.0.113.7"), (LIST, "203.0.113.7")];
    for peer in ["192.0.2.9", "2001:db8:2::1", "::1"] {
        assert_eq!(walk(peer, &spoofed), peer);
    }
    assert_eq!(walk("::ffff:192.0.2.9", &spoofed), "192.0.2.9");
    let nobody = Proxies::default().source(address("::ffff:10.0.0.7"), &headers(&[(LIST, b"203.0.113.7")]));
    assert_eq!(nobody, Source::known(address("10.0.0.7")));
}

#[test]
fn two_headers_are_believed_only_if_they_agree() {
    let both = |one, other| walk(PEER, &[(FORWARDED, one), (LIST, other)]);
    assert_eq!(both("for=203.0.113.7", "203.0.113.7, 10.0.0.9"), "203.0.113.7");
    let differ = "10.0.0.7: `Forwarded` and `X-Forwarded-For` tell different clients";
    assert_eq!(both("for=203.0.113.7", "198.51.100.1"), differ);
    assert_eq!(both("for=_hidden", "198.51.100.1"), differ);
    assert_eq!(both("for=_hidden", "unknown"), PEER);
}

#[test]
fn the_lines_of_a_header_are_one_list() {
    assert_eq!(
        walk(PEER, &[(LIST, "198.51.100.1"), (LIST, "203.0.113.7"), (LIST, "10.0.0.9")]),
        "203.0.113.7"
    );
    assert_eq!(
        walk(PEER, &[(FORWARDED, "for=\"198.51.100.1"), (FORWARDED, "for=203.0.113.7")]),
        "203.0.113.7"
    );
}

/// An address outside of the data centre's networks.
fn stranger() -> impl Strategy<Value = IpAddr> {
    let any = prop_oneof![
        any::<u32>().prop_map(|bits| IpAddr::from(Ipv4Addr::from(bits))),
        any::<u128>().prop_map(|bits| IpAddr::from(Ipv6Addr::from(bits))),
    ];
    any.prop_map(|address| address.to_canonical())
        .prop_filter("a proxy's", |address| !proxies().trust(*address))
}

fn proxy() -> impl Strategy<Value = IpAddr> {
    any::<[u8; 3]>().prop_map(|[a, b, c]| IpAddr::from([10, a, b, c]))
}

/// What a proxy writes of an address, in each of the notations that there are.
fn written(header: &str, address: IpAddr, style: u8) -> String {
    let node = match (address, style % 3) {
        (IpAddr::V4(v4), 0) => v4.to_string(),
        (IpAddr::V4(v4), 1) => format!("{v4}:4711"),
        (IpAddr::V4(v4), _) if header == LIST => v4.to_ipv6_mapped().to_string(),
        (IpAddr::V4(v4), _) => format!("[{}]", v4.to_ipv6_mapped()),
        (IpAddr::V6(v6), 0) if header == LIST => v6.to_string(),
        (IpAddr::V6(v6), 1) => format!("[{v6}]:4711"),
        (IpAddr::V6(v6), _) => format!("[{v6}]"),
    };
    if header == LIST { node } else { format!("proto=https;for=\"{node}\"") }
}

proptest! {
    /// Whatever a client sends, the client is the address that the outermost proxy has seen.
    #[test]
    fn no_header_of_a_client_changes_its_address(
        header in prop_oneof![Just(FORWARDED), Just(LIST)],
        made_up in "[ -~]{0,40}|(for=|\"|\\\\|,|;|10\\.0\\.0\\.1|203\\.0\\.113\\.9|\\[|\\]|:| ){0,20}",
        client in stranger(),
        chain in prop::collection::vec((proxy(), any::<u8>()), 0..6),
        (style, is_new_line) in any::<(u8, bool)>(),
    ) {
        let told: Vec<_> = [(client, style)].into_iter().chain(chain)
            .map(|(address, style)| written(header, address, style)).collect();
        let told = told.join(", ");
        let one = format!("{made_up}, {told}");
        let lines = if is_new_line { vec![(header, &made_up[..]), (header, &told)] } else { vec![(header, &one[..])] };
        prop_assert_eq!(walk(PEER, &lines), client.to_string());
    }

    /// Of an untrusted peer no header is read, and no header at all makes anything panic.
    #[test]
    fn any_bytes_give_an_address(forwarded in prop::collection::vec(0x20_u8..=0xff, 0..60), peer in stranger()) {
        let forwarded: Vec<u8> = forwarded.into_iter().filter(|byte| *byte != 0x7f).collect();
        for header in [FORWARDED, LIST] {
            let lines = headers(&[(header, &forwarded)]);
            prop_assert_eq!(proxies().source(peer, &lines), Source::known(peer));
            proxies().source(address(PEER), &lines);
        }
    }
}
