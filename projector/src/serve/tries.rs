//! Logins that failed: the more of them, the longer the next one has to wait.
//!
//! They are counted by name and by address. A name that nobody has is counted like any other. Somebody who
//! keeps failing can make the owner of a name wait too, but never longer than [`WAIT_MAX`].

use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many tries a name has, and how many an address has, before the next must wait.
const FREE: [u32; 2] = [3, 12];

/// The longest wait.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// After this time without a try they are forgotten.
const MEMORY: Duration = Duration::from_secs(3600);

/// How many names and addresses are remembered. If more fail within an hour, the oldest are forgotten.
const REMEMBERED_MAX: usize = 10_000;

/// The tries of the last time.
#[derive(Default)]
pub(super) struct Tries(Mutex<HashMap<Who, Failures>>);

/// Who tries.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Who {
    Name(String),
    Address(IpAddr),
}

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    last: Instant,
}

impl Tries {
    /// Lets somebody try now, or tells how long to wait. The try counts as failed until
    /// [`succeeded`](Self::succeeded): many at once get no further than one after the other.
    pub(super) fn begin(&self, name: &str, address: Option<IpAddr>, now: Instant) -> Result<(), Duration> {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let who = who(name, address);
        let wait = who.iter().filter_map(|one| tries.get(one).and_then(|failures| failures.wait(one, now)));
        if let Some(wait) = wait.max() {
            return Err(wait);
        }
        if tries.len() + who.len() > REMEMBERED_MAX {
            forget(&mut tries, now);
        }
        for one in who {
            let failures = tries.entry(one).or_insert(Failures { count: 0, last: now });
            if now.duration_since(failures.last) > MEMORY {
                failures.count = 0;
            }
            *failures = Failures { count: failures.count.saturating_add(1), last: now };
        }
        Ok(())
    }

    /// Takes back what [`begin`](Self::begin) has counted: all of the name, and of the address this try
    /// alone.
    pub(super) fn succeeded(&self, name: &str, address: Option<IpAddr>) {
        let mut tries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for one in who(name, address) {
            match &one {
                Who::Name(_) => drop(tries.remove(&one)),
                Who::Address(_) => {
                    if let Some(failures) = tries.get_mut(&one) {
                        failures.count = failures.count.saturating_sub(1);
                    }
                }
            }
        }
    }
}

impl Failures {
    /// How long the next try must wait, if at all: a second, then twice as long each time.
    fn wait(self, who: &Who, now: Instant) -> Option<Duration> {
        let free = if matches!(who, Who::Name(_)) { FREE[0] } else { FREE[1] };
        let beyond = self.count.checked_sub(free)?;
        let whole = Duration::from_secs(1_u64 << beyond.min(16)).min(WAIT_MAX);
        whole.checked_sub(now.duration_since(self.last)).filter(|left| !left.is_zero())
    }
}

fn who(name: &str, address: Option<IpAddr>) -> Vec<Who> {
    let address = address.map(|address| Who::Address(network(address)));
    [Who::Name(name.to_owned())].into_iter().chain(address).collect()
}

/// The address itself, or the network of one that has a whole network (/64) to choose from.
fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => IpAddr::from((u128::from(address) >> 64 << 64).to_be_bytes()),
        address => address,
    }
}

fn forget(tries: &mut HashMap<Who, Failures>, now: Instant) {
    tries.retain(|_, failures| now.duration_since(failures.last) < MEMORY);
    if tries.len() >= REMEMBERED_MAX {
        let mut times: Vec<Instant> = tries.values().map(|failures| failures.last).collect();
        times.sort_unstable();
        let half = times[times.len() / 2];
        tries.retain(|_, failures| failures.last >= half);
    }
    if tries.len() >= REMEMBERED_MAX {
        tries.clear();
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const HERE: Option<IpAddr> = Some(IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1)));

    #[test]
    fn each_failure_beyond_the_free_ones_doubles_the_wait() {
        let (tries, mut now) = (Tries::default(), Instant::now());
        for _ in 0..3 {
            assert_eq!(tries.begin("anna", HERE, now), Ok(()));
        }
        for seconds in [1, 2, 4, 8, 16, 32, 60, 60] {
            assert_eq!(tries.begin("anna", HERE, now), Err(Duration::from_secs(seconds)));
            now += Duration::from_secs(seconds);
            assert_eq!(tries.begin("anna", None, now), Ok(()));
        }
        assert_eq!(tries.begin("bob", HERE, now), Ok(()), "another name is free");
        tries.succeeded("anna", HERE);
        assert_eq!(tries.begin("anna", HERE, now), Ok(()), "a success clears the name");
    }

    #[test]
    fn an_address_cannot_try_many_names_nor_clear_itself_by_its_own() {
        let (tries, now) = (Tries::default(), Instant::now());
        for name in 0..12 {
            assert_eq!(tries.begin(&name.to_string(), HERE, now), Ok(()));
            if tries.begin("own", HERE, now).is_ok() {
                tries.succeeded("own", HERE);
            }
        }
        assert_eq!(tries.begin("next", HERE, now), Err(Duration::from_secs(1)));
        assert_eq!(tries.begin("next", Some("2001:db8::1".parse().unwrap()), now), Ok(()));
        assert_eq!(tries.begin("next", HERE, now + MEMORY + Duration::from_secs(1)), Ok(()));
    }

    #[test]
    fn no_more_are_remembered_than_there_is_room_for() {
        let (tries, now) = (Tries::default(), Instant::now());
        for name in 0..3 * REMEMBERED_MAX {
            tries.begin(&name.to_string(), None, now + Duration::from_millis(name as u64)).unwrap();
            assert!(tries.0.lock().unwrap().len() <= REMEMBERED_MAX);
        }
    }
}
