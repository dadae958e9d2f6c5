//! Which addresses a webhook may be at: whoever may name a receiver must not reach services of one's own
//! network through the relay.
//!
//! The address that a name resolved to is judged, and connected to: a name that resolves anew could lead
//! elsewhere.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::IpNet;

/// Where an address leads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reach {
    /// To anywhere.
    Public,
    /// To this machine, or into one's own network.
    Own,
    /// Nowhere: it is no single machine's, or it is reserved.
    Nowhere,
}

/// Of one's own network: loopback, private, shared (RFC 6598), link-local and unique local addresses.
const OWN: [&str; 9] = [
    "127.0.0.0/8",
    "10.0.0.0/8",
    "172.16.0.0/12",
    "192.168.0.0/16",
    "100.64.0.0/10",
    "169.254.0.0/16",
    "::1/128",
    "fc00::/7",
    "fe80::/10",
];

/// Special addresses (the registries of RFC 6890) that are no machine's in the Internet.
const NOWHERE: [&str; 12] = [
    "0.0.0.0/8",
    "192.0.0.0/24",
    "192.0.2.0/24",
    "192.88.99.0/24",
    "198.18.0.0/15",
    "198.51.100.0/24",
    "203.0.113.0/24",
    "224.0.0.0/3",
    // Teredo and 6to4 wrap an address of version 4.
    "2001::/23",
    "2002::/16",
    "2001:db8::/32",
    "3fff::/20",
];

/// All that is given to machines in the Internet, in version 6.
const GLOBAL_6: &str = "2000::/3";

/// The addresses of version 4 within version 6, behind a translator (RFC 6052).
const TRANSLATED: &str = "64:ff9b::/96";

impl Reach {
    pub(super) fn of(ip: IpAddr) -> Self {
        let ip = plain(ip);
        let is_in = |networks: &[&str]| networks.iter().any(|network| contains(network, ip));
        if is_in(&OWN) {
            Self::Own
        } else if is_in(&NOWHERE) || (ip.is_ipv6() && !is_in(&[GLOBAL_6])) {
            Self::Nowhere
        } else {
            Self::Public
        }
    }

    /// Why a receiver may not be there, in words that follow the address.
    pub(super) fn objection(self, private: bool, is_encrypted: bool) -> Option<&'static str> {
        match self {
            Self::Nowhere => Some("which is no address of a receiver"),
            Self::Own if !private => Some("which is in one's own network: --webhook-private allows that"),
            Self::Public if !is_encrypted => {
                Some("which is out in the Internet, where events go encrypted only: use https://")
            }
            Self::Own | Self::Public => None,
        }
    }
}

/// An address of version 4 that is written as one of version 6, as itself.
fn plain(ip: IpAddr) -> IpAddr {
    match ip {
        IpAddr::V6(six) if contains(TRANSLATED, ip) => last_four(six),
        other => other.to_canonical(),
    }
}

fn last_four(six: Ipv6Addr) -> IpAddr {
    let [.., a, b, c, d] = six.octets();
    Ipv4Addr::new(a, b, c, d).into()
}

fn contains(network: &str, ip: IpAddr) -> bool {
    network.parse::<IpNet>().is_ok_and(|network| network.contains(&ip))
}

#[test]
fn only_addresses_of_machines_in_the_internet_are_public() {
    let reach = |text: &str| Reach::of(text.parse().unwrap());
    for public in ["1.1.1.1", "172.32.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"] {
        assert_eq!(reach(public), Reach::Public, "{public}");
    }
    for own in [
        "127.0.0.1",
        "127.255.255.254",
        "10.1.2.3",
        "172.16.0.1",
        "172.31.255.255",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:10.0.0.1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
    ] {
        assert_eq!(reach(own), Reach::Own, "{own}");
    }
    for nowhere in [
        "0.0.0.0",
        "192.0.2.7",
        "198.18.0.1",
        "203.0.113.5",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::7f00:1",
        "2001:db8::1",
        "2001::1",
        "2002:7f00:1::",
        "fec0::1",
        "ff02::1",
        "64:ff9b:1::1",
        "::ffff:0.0.0.0",
    ] {
        assert_eq!(reach(nowhere), Reach::Nowhere, "{nowhere}");
    }
}

#[test]
fn networks_are_written_rightly() {
    for network in [&OWN[..], &NOWHERE, &[GLOBAL_6, TRANSLATED]].concat() {
        assert!(network.parse::<IpNet>().is_ok_and(|read| read.trunc() == read), "{network}");
    }
}
