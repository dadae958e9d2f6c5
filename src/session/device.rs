//! Browsers that were signed in before: what a device cookie says, and what a login makes of it.
//!
//! A device cookie proves nothing but that its browser was here before. It opens no session and replaces no
//! factor. Whoever copies it is not told of as a new device, no more.

use std::fmt;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use time::OffsetDateTime;
use uuid::Uuid;

use super::{SessionId, UserId};

/// The public name of a browser with a device cookie: a UUIDv7 of the time at which it first signed in.
///
/// Safe to log and to show. It is no secret and grants nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceId(SessionId);

impl DeviceId {
    /// The id of a browser that is first seen at `at`, made unique by `random`.
    pub fn new(at: OffsetDateTime, random: [u8; 10]) -> Self {
        Self(SessionId::new(at, random))
    }

    /// When the browser first signed in, in milliseconds.
    pub fn first_seen(&self) -> OffsetDateTime {
        self.0.started_at()
    }

    /// The id with these 16 bytes.
    pub const fn from_bytes(bytes: [u8; 16]) -> Self {
        Self(SessionId::from_bytes(bytes))
    }

    /// The 16 bytes of the id.
    pub const fn as_bytes(&self) -> &[u8; 16] {
        self.0.as_bytes()
    }

    /// The id as a [`Uuid`].
    pub const fn as_uuid(&self) -> Uuid {
        self.0.as_uuid()
    }
}

impl From<Uuid> for DeviceId {
    fn from(uuid: Uuid) -> Self {
        Self(uuid.into())
    }
}

impl fmt::Display for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Debug for DeviceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// Payload of [`Event::DeviceSeen`](super::Event::DeviceSeen).
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct DeviceSeen {
    /// The browser.
    pub device: DeviceId,
    /// Whether this user had not signed in from it before, as far as its cookie tells.
    pub is_new: bool,
}

impl DeviceSeen {
    /// A browser that has signed in, for tests.
    #[doc(hidden)]
    pub fn new(device: DeviceId, is_new: bool) -> Self {
        Self { device, is_new }
    }
}

/// The content of a device cookie.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// The browser.
    pub id: DeviceId,
    /// The users who have signed in from it, the latest first. No name can be read from a mark.
    marks: [Mark; USERS_MAX],
}

/// What a device cookie keeps of a user; zeros for nobody.
type Mark = [u8; 8];

/// How many users a browser remembers. With them a device cookie is as long as a session's.
const USERS_MAX: usize = 7;

impl Device {
    /// The length of a device in bytes.
    pub const BYTES: usize = 16 + USERS_MAX * size_of::<Mark>();

    /// A browser from which nobody has signed in.
    pub fn unseen(id: DeviceId) -> Self {
        Self { id, marks: [[0; 8]; USERS_MAX] }
    }

    /// Whether this user has signed in from it. One of long ago may be forgotten for others.
    pub fn knows(&self, user: &UserId) -> bool {
        self.marks.contains(&self.mark(user))
    }

    /// The same browser once this user has signed in.
    #[must_use]
    pub fn seen_with(mut self, user: &UserId) -> Self {
        let mark = self.mark(user);
        let place = self.marks.iter().position(|known| *known == mark).unwrap_or(USERS_MAX - 1);
        if let Some(up_to) = self.marks.get_mut(..=place) {
            up_to.rotate_right(1);
        }
        if let Some(first) = self.marks.first_mut() {
            *first = mark;
        }
        self
    }

    /// The id (16 bytes) and the marks of the users (8 bytes each).
    pub fn to_bytes(&self) -> [u8; Self::BYTES] {
        let mut bytes = [0; Self::BYTES];
        let (id, marks) = bytes.split_at_mut(16);
        id.copy_from_slice(self.id.as_bytes());
        marks.copy_from_slice(self.marks.as_flattened());
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) has made.
    pub fn from_bytes(bytes: &[u8; Self::BYTES]) -> Option<Self> {
        let (id, rest) = bytes.split_first_chunk()?;
        let mut marks = [[0; 8]; USERS_MAX];
        marks.as_flattened_mut().copy_from_slice(rest);
        Some(Self { id: DeviceId::from_bytes(*id), marks })
    }

    /// Of one browser alone: two cookies of one user have nothing in common.
    fn mark(&self, user: &UserId) -> Mark {
        let hash = Sha256::new().chain_update(self.id.as_bytes()).chain_update(user.as_str()).finalize();
        let [a, b, c, d, e, f, g, h, ..] = <[u8; 32]>::from(hash);
        [a, b, c, d, e, f, g, h]
    }
}

/// The browser of a login, as it is known from now on, and whether it is new to this user. `shown` is what
/// its cookie said; `of_session` the browser of the session that the login joins, as of a login clicked
/// twice; `fresh` names a browser that was never here.
pub(crate) fn recognised(
    shown: Option<Device>,
    of_session: Option<DeviceId>,
    user: &UserId,
    fresh: impl FnOnce() -> DeviceId,
) -> (Device, bool) {
    let is_joined = shown.is_none() && of_session.is_some();
    let device = shown.unwrap_or_else(|| Device::unseen(of_session.unwrap_or_else(fresh)));
    let is_new = !is_joined && !device.knows(user);
    (device.seen_with(user), is_new)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(byte: u8) -> DeviceId {
        DeviceId::from_bytes([byte; 16])
    }

    #[test]
    fn a_browser_is_new_to_each_user_once() {
        let (device, is_new) = recognised(None, None, &"alice".into(), || id(1));
        assert!(is_new);
        let (device, is_new) = recognised(Some(device), None, &"alice".into(), || id(2));
        assert_eq!((device.id, is_new), (id(1), false));
        let (device, is_new) = recognised(Some(device), Some(id(9)), &"bob".into(), || id(3));
        assert_eq!((device.id, is_new), (id(1), true));
        assert!(device.knows(&"alice".into()) && device.knows(&"bob".into()));
    }

    #[test]
    fn a_login_that_joins_a_session_is_of_the_same_browser() {
        let (device, is_new) = recognised(None, Some(id(5)), &"alice".into(), || id(6));
        assert_eq!((device.id, is_new), (id(5), false));
    }

    #[test]
    fn the_user_of_the_longest_ago_is_forgotten_first() {
        let users: Vec<UserId> = (0..8).map(UserId::from).collect();
        let mut device = Device::unseen(id(1));
        for user in &users[..7] {
            device = device.seen_with(user);
        }
        device = device.seen_with(&users[0]).seen_with(&users[7]);
        let known: Vec<bool> = users.iter().map(|user| device.knows(user)).collect();
        assert_eq!(known, [true, false, true, true, true, true, true, true]);
        assert_eq!(Device::from_bytes(&device.to_bytes()), Some(device));
    }

    #[test]
    fn an_id_tells_when_the_browser_was_first_seen() {
        let at = OffsetDateTime::from_unix_timestamp(1_700_000_000).unwrap();
        assert_eq!(DeviceId::new(at, [7; 10]).first_seen(), at);
    }
}
