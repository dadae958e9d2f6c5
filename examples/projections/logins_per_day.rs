//! How many logins each day had from each network. It follows the feed: all logins of a network write the
//! same row, and requests would wait for each other.

use std::error::Error;

use session_ledger::ledger::{DerivedTable, Fact, Projection, Statement};
use session_ledger::session::Event;

/// A network is what is usually given to one customer. Logins without an address count as of `::/0`.
const COUNTED: &str = "
    insert into logins_per_day as counted (day, network, logins)
    values (
        ($1 at time zone 'UTC')::date,
        coalesce(network(set_masklen($2, case family($2) when 4 then 24 else 48 end)), '::/0'),
        1
    )
        on conflict (day, network) do update
       set logins = counted.logins + 1";

/// Logins per day and network.
pub(crate) struct LoginsPerDay;

impl Projection for LoginsPerDay {
    fn name(&self) -> &'static str {
        "logins_per_day"
    }

    fn tables(&self) -> &'static [DerivedTable] {
        &[DerivedTable { name: "logins_per_day", key: &["day", "network"] }]
    }

    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>> {
        if !matches!(fact.event, Event::LoggedIn(_)) {
            return Ok(Vec::new());
        }
        let address = fact.entry.client.as_ref().and_then(|client| client.ip);
        Ok(vec![Statement::new(COUNTED, [fact.entry.occurred_at.into(), address.into()])])
    }
}
