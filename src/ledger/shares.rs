//! The share of a quota that one address may have, so that a flood from one does not hide the others.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The time in which an address may have as many as its share says.
const SPAN: Duration = Duration::from_secs(60);

/// How many addresses are remembered. If more come within a minute, those beyond are not limited by
/// themselves: the quota of all bounds them.
const ADDRESSES_MAX: usize = 4_096;

/// An address may have a quarter of the quota. A quota so small as this is shared by nobody.
const PART: u32 = 4;
const SMALL: u32 = 10;

/// What each address may still have.
#[derive(Debug)]
pub(super) struct Shares {
    per_span: u32,
    addresses: Mutex<HashMap<IpAddr, Left>>,
}

/// What an address has left at a moment. More comes with time.
#[derive(Clone, Copy, Debug)]
struct Left {
    number: f64,
    at: Instant,
}

impl Shares {
    /// The shares of a quota of so many a minute.
    pub(super) fn of(per_minute: u32) -> Self {
        Self { per_span: (per_minute / PART).max(per_minute.min(SMALL)), addresses: Mutex::default() }
    }

    /// Whether the address may have one more now. It then counts.
    pub(super) fn take(&self, address: IpAddr, now: Instant) -> bool {
        let address = network(address);
        let mut addresses = self.addresses.lock().unwrap_or_else(PoisonError::into_inner);
        if addresses.len() >= ADDRESSES_MAX && !addresses.contains_key(&address) {
            // An address that had none for that long has its whole share.
            addresses.retain(|_, left| now.saturating_duration_since(left.at) < SPAN);
            if addresses.len() >= ADDRESSES_MAX {
                return true;
            }
        }
        let all = f64::from(self.per_span);
        let left = addresses.entry(address).or_insert(Left { number: all, at: now });
        let more = all * now.saturating_duration_since(left.at).div_duration_f64(SPAN);
        let number = all.min(left.number + more);
        let is_left = number >= 1.0;
        *left = Left { number: if is_left { number - 1.0 } else { number }, at: now };
        is_left
    }
}

/// The address itself, or the network of one that has a whole network (/64) to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(last: u32) -> IpAddr {
        std::net::Ipv4Addr::from_bits(0xc000_0000 + last).into()
    }

    #[test]
    fn an_address_has_its_share_and_takes_none_of_anothers() {
        let (shares, start) = (Shares::of(40), Instant::now());
        let taken = |one, after| (0..40).filter(|_| shares.take(address(one), start + after)).count();
        assert_eq!([taken(1, Duration::ZERO), taken(2, Duration::ZERO)], [10, 10]);
        assert_eq!(taken(1, SPAN / 2), 5);
        let six = |last| format!("2001:db8::{last}").parse().map(|six| shares.take(six, start));
        assert_eq!((0..40).filter(|last| six(*last) == Ok(true)).count(), 10, "one network");
        assert_eq!((0..9).filter(|_| Shares::of(3).take(address(1), start)).count(), 9, "each is new");
        let small = Shares::of(3);
        assert_eq!((0..9).filter(|_| small.take(address(1), start)).count(), 3);
    }

    #[test]
    fn no_more_addresses_are_remembered_than_there_is_room_for() {
        let (shares, start) = (Shares::of(40), Instant::now());
        for one in 0..10_000 {
            assert!(shares.take(address(one), start), "who is not remembered is not limited");
        }
        let remembered = || shares.addresses.lock().unwrap_or_else(PoisonError::into_inner).len();
        assert_eq!(remembered(), ADDRESSES_MAX);
        assert!(shares.take(address(20_000), start + SPAN));
        assert_eq!(remembered(), 1, "who is away is forgotten");
    }
}
