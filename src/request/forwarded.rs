//! The client behind proxies, by the headers in which each of them tells whom it speaks for.
//!
//! A proxy adds the address of its own peer at the right end of a header. What stands left of that came with
//! the request, and anybody may have written it. So the header is read from the right, and no further than to
//! the first address that is not a trusted proxy's: all that a client makes up stays unread.

mod hop;

use std::net::IpAddr;

use http::{HeaderMap, HeaderName, HeaderValue, header};
use ipnet::IpNet;

use hop::{Hop, Style, last_hop};

/// How many hops are read at the most.
const HOPS_MAX: usize = 32;

/// `X-Forwarded-For`, which has no standard.
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The proxies whose word about their own peers is believed.
#[derive(Clone, Debug, Default)]
pub(crate) struct Proxies(Vec<IpNet>);

/// The address that a request comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The last address that was believed.
    pub(crate) address: IpAddr,
    /// Why the address is not the client's own, if a trusted proxy has sent what cannot be read.
    pub(crate) fault: Option<&'static str>,
}

impl Source {
    /// An address about which there is nothing to say.
    pub(crate) fn known(address: IpAddr) -> Self {
        Self { address: address.to_canonical(), fault: None }
    }
}

impl Proxies {
    /// The proxies in these networks. A network of IPv4 in the notation of IPv6 is the same network.
    pub(crate) fn new(networks: impl IntoIterator<Item = IpNet>) -> Self {
        Self(networks.into_iter().map(canonical).collect())
    }

    /// The client of a request that came from `peer` with these headers.
    ///
    /// If both headers are there, they must tell the same: a proxy that writes the one may let a client's
    /// other one pass. If they do not, neither is believed.
    pub(crate) fn source(&self, peer: IpAddr, headers: &HeaderMap) -> Source {
        let peer = Source::known(peer);
        if !self.trust(peer.address) {
            return peer;
        }
        let told = |name| headers.contains_key(&name).then(|| self.walk(peer.address, headers, &name));
        match (told(header::FORWARDED), told(X_FORWARDED_FOR)) {
            (Some(one), Some(other)) if one.address != other.address => {
                Source { fault: Some("`Forwarded` and `X-Forwarded-For` tell different clients"), ..peer }
            }
            (Some(one), Some(other)) => Source { fault: one.fault.or(other.fault), ..one },
            (one, other) => one.or(other).unwrap_or(peer),
        }
    }

    /// Reads a header from the right, from a trusted `peer` on.
    fn walk(&self, peer: IpAddr, headers: &HeaderMap, name: &HeaderName) -> Source {
        let mut address = peer;
        let mut hops = hops(headers, name);
        for hop in hops.by_ref().take(HOPS_MAX) {
            match hop {
                Hop::Empty => continue,
                Hop::Hidden => return Source { address, fault: None },
                Hop::Garbage(fault) => return Source { address, fault: Some(fault) },
                Hop::Address(next) => address = next.to_canonical(),
            }
            if !self.trust(address) {
                return Source { address, fault: None };
            }
        }
        let fault = hops.next().is_some().then_some("there are more than 32 hops");
        Source { address, fault }
    }

    fn trust(&self, address: IpAddr) -> bool {
        self.0.iter().any(|network| network.contains(&address))
    }
}

/// The hops that a header tells, the last first. Its lines are one list (RFC 9110, section 5.3).
fn hops<'a>(headers: &'a HeaderMap, name: &HeaderName) -> impl Iterator<Item = Hop> + use<'a> {
    let style = if *name == header::FORWARDED { Style::Standard } else { Style::List };
    let lines = headers.get_all(name).iter().rev();
    lines.flat_map(move |line| {
        let mut rest = Some(HeaderValue::as_bytes(line));
        std::iter::from_fn(move || {
            let (before, hop) = last_hop(rest?, style);
            rest = before;
            Some(hop)
        })
    })
}

/// A network of IPv4-mapped addresses as one of IPv4.
fn canonical(network: IpNet) -> IpNet {
    /// The bits in front of an IPv4-mapped address (RFC 4291, section 2.5.5.2).
    const MAPPED: u8 = 96;
    let IpNet::V6(mapped) = network else { return network };
    let (Some(address), Some(bits)) =
        (mapped.network().to_ipv4_mapped(), mapped.prefix_len().checked_sub(MAPPED))
    else {
        return network;
    };
    IpNet::new(address.into(), bits).unwrap_or(network)
}

#[cfg(test)]
mod tests;
