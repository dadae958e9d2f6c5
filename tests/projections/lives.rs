//! A projection that every event of a session writes: whatever appends without it leaves it behind.

use std::error::Error;

use session_ledger::ledger::{DerivedTable, Fact, Projection, Statement};
use session_ledger::session::Event;

pub(crate) const TABLES: &str =
    "create table life (session uuid primary key, version bigint not null, is_over boolean not null)";

/// Sessions of which the log and the table tell different things.
pub(crate) const BEHIND: &str = "
    select coalesce(e.session_id, l.session)::text
      from (
          select session_id, max(version) as version, bool_or(kind = 'ended') as is_over
            from session_ledger.event group by session_id
      ) as e
      full join life as l on l.session = e.session_id
     where (e.version, e.is_over) is distinct from (l.version, l.is_over)";

const LIVED: &str = "
    insert into life (session, version, is_over) values ($1, $2, $3)
        on conflict (session) do update set version = excluded.version, is_over = excluded.is_over
    returning *";

/// The latest version of each session.
pub(crate) struct Lives {
    /// A message that makes it fail.
    pub(crate) refuses: &'static str,
}

impl Lives {
    pub(crate) const ALL: Self = Self { refuses: "nothing" };
}

impl Projection for Lives {
    fn name(&self) -> &'static str {
        "lives"
    }

    fn tables(&self) -> &'static [DerivedTable] {
        &[DerivedTable { name: "life", key: &["session"] }]
    }

    fn project(&self, fact: &Fact<'_>) -> Result<Vec<Statement>, Box<dyn Error + Send + Sync>> {
        if let Event::FlashAdded(flash) = fact.event
            && flash.message.text == self.refuses
        {
            return Err("it was asked to".into());
        }
        let is_over = matches!(fact.event, Event::Ended(_));
        let values = [fact.session.as_uuid().into(), fact.entry.version.into(), is_over.into()];
        Ok(vec![Statement::new(LIVED, values)])
    }
}
