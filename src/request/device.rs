//! The device cookie of a request, where device cookies are in use.

use time::OffsetDateTime;

use super::visit::Visit;
use crate::session::device::recognised;
use crate::session::{Device, DeviceId, SessionState};
use crate::token::cookie_header::{Found, find};

impl Visit {
    /// The browser of a login that has made this state, and whether it is new to the user. None where device
    /// cookies are not in use. A cookie that cannot be read is no incident: its key may have been retired.
    pub(super) fn recognise(&self, state: &SessionState) -> Option<(Device, bool)> {
        let (cookie, user) = (self.shared.devices.as_ref()?, state.user.as_ref()?);
        let shown = match find(self.arrival.cookies(), cookie.name()) {
            Found::One(value) => self.shared.sealer.open_device(value).ok(),
            Found::None | Found::Several => None,
        };
        let fresh = || DeviceId::new(OffsetDateTime::now_utc(), rand::random());
        Some(recognised(shown, state.content.extras.device, user, fresh))
    }
}
