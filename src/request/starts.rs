//! A limit on the sessions that visitors start from one address.
//!
//! A visitor's session is a row and an event, and nobody ends it. So a client that forgets its cookie each
//! time fills the database.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time in which an address may start as many sessions as the limit says.
const SPAN: Duration = Duration::from_secs(60);

/// How many addresses are remembered. If more start sessions within a minute, those beyond are not limited.
const ADDRESSES_MAX: usize = 65_536;

/// The starts that each address has left.
pub(crate) struct Starts {
    per_span: u32,
    addresses: Mutex<HashMap<IpAddr, Left>>,
}

/// The starts that an address has left at a moment. More come with time.
#[derive(Clone, Copy)]
struct Left {
    starts: f64,
    at: Instant,
}

impl Starts {
    /// At most so many starts a minute.
    pub(crate) fn per_minute(starts: u32) -> Self {
        Self { per_span: starts, addresses: Mutex::default() }
    }

    /// Whether a session may start from this address now. It then counts.
    pub(super) fn allow(&self, address: IpAddr, now: Instant) -> bool {
        let address = network(address);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(&address) {
            // An address that has started none for that long has all of them left.
            addresses.retain(|_, left| now.duration_since(left.at) < SPAN);
            if addresses.len() >= ADDRESSES_MAX {
                return true;
            }
        }
        let all = f64::from(self.per_span);
        let left = addresses.entry(address).or_insert(Left { starts: all, at: now });
        let more = all * now.duration_since(left.at).div_duration_f64(SPAN);
        let starts = all.min(left.starts + more);
        let is_allowed = starts >= 1.0;
        *left = Left { starts: if is_allowed { starts - 1.0 } else { starts }, at: now };
        is_allowed
    }
}

/// The address itself, or the network of one that has a whole network (/64) to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use super::*;

    fn address(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn an_address_starts_no_more_than_the_limit_and_gets_more_with_time() {
        let (starts, now) = (Starts::per_minute(3), Instant::now());
        let (one, other) = (address("192.0.2.1"), address("192.0.2.2"));
        assert_eq!([true, true, true, false, false], [(); 5].map(|()| starts.allow(one, now)));
        assert!(starts.allow(other, now));
        assert!(!starts.allow(one, now + SPAN / 6));
        assert!(starts.allow(one, now + SPAN / 2), "a third of a minute is worth one");
        let later = now + SPAN * 10;
        assert_eq!([true, true, true, false], [(); 4].map(|()| starts.allow(one, later)));
    }

    #[test]
    fn a_network_of_addresses_counts_as_one() {
        let (starts, now) = (Starts::per_minute(1), Instant::now());
        assert!(starts.allow(address("2001:db8::1"), now));
        assert!(!starts.allow(address("2001:db8::2"), now));
        assert!(starts.allow(address("2001:db8:0:1::1"), now));
        assert!(starts.allow(address("192.0.2.1"), now));
        assert!(!starts.allow(address("::ffff:192.0.2.1"), now), "the same address in other words");
    }

    #[test]
    fn no_more_than_so_many_addresses_are_remembered() {
        let (starts, now) = (Starts::per_minute(1), Instant::now());
        let all = (0..=u32::try_from(ADDRESSES_MAX).unwrap()).map(|number| IpAddr::V4(number.into()));
        assert!(all.into_iter().all(|address| starts.allow(address, now)));
        assert_eq!(starts.addresses.lock().unwrap().len(), ADDRESSES_MAX);
        assert!(starts.allow(address("192.0.2.1"), now + SPAN));
        assert_eq!(starts.addresses.lock().unwrap().len(), 1, "the others are forgotten");
    }
}
