//! The devices of a user. It is inline: the page behind the login shows the device from which it came, and
//! only requests of one user write a row.

use std::error::Error;

use session_ledger::ledger::{DerivedTable, Fact, Projection, Statement};
use session_ledger::session::{Event, browser_name};

/// A login from a device. Two logins from one device may be told in another order than they were written in,
/// so whatever is kept of them is a sum or belongs to the later one.
const SEEN: &str = "
    insert into device as known (user_id, device, first_seen, last_seen, logins, browser, address)
    values ($1, $2, $3, $3, 1, $4, $5)
        on conflict (user_id, device) do update
       set first_seen = least(known.first_seen, excluded.first_seen),
           last_seen = greatest(known.last_seen, excluded.last_seen),
           logins = known.logins + 1,
           browser = case when excluded.last_seen > known.last_seen then excluded.browser else known.browser end,
           address = case when excluded.last_seen > known.last_seen then excluded.address else known.address end";

/// The devices of a user.
pub(crate) struct Devices;

impl Projection for Devices {
    fn name(&self) -> &'static str {
        "devices"
    }

    fn tables(&self) -> &'static [DerivedTable] {
        &[DerivedTable { name: "device", key: &["user_id", "device"] }]
    }

    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>> {
        let (Event::DeviceSeen(seen), Some(user)) = (fact.event, &fact.entry.user) else {
            return Ok(Vec::new());
        };
        let client = fact.entry.client.as_ref();
        let browser = client.and_then(|client| client.user_agent.as_deref()).map(browser_name);
        let address = client.and_then(|client| client.ip);
        let (device, at) = (seen.device.as_uuid(), fact.entry.occurred_at);
        let values = [user.as_str().into(), device.into(), at.into(), browser.into(), address.into()];
        Ok(vec![Statement::new(SEEN, values)])
    }
}
