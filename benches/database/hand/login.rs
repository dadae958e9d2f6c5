//! A session that starts with a login.

use session_ledger::SessionId;
use time::OffsetDateTime;
use tokio_postgres::types::ToSql;

use super::{BEGIN, Hand};
use crate::drive::Failure;
use crate::events::{CLIENT, Event};

impl Hand {
    /// The clock, then BEGIN, the gate of logins, create, the login's step and COMMIT in one trip.
    pub(super) async fn create(&self, id: SessionId) -> Result<(), Failure> {
        let now: OffsetDateTime = self.client.query_one(&self.clock, &[]).await?.try_get("now")?;
        let (begun, admitted, created, stepped, committed) = tokio::join!(biased;
            self.client.batch_execute(BEGIN),
            self.client.query_one(&self.admit_login, &[&"alice"]),
            self.run_create(id, now),
            self.append_login_step(id, now),
            self.client.batch_execute("commit"),
        );
        begun?;
        admitted?;
        created?;
        stepped?;
        committed?;
        Ok(())
    }

    async fn run_create(&self, id: SessionId, now: OffsetDateTime) -> Result<(), Failure> {
        let event = Event::saying_client(Some("alice"));
        let (uuid, hash, state) = (id.as_uuid(), vec![7_u8; 32], vec![7_u8; 40]);
        let (at, none) = (Some(now), None::<OffsetDateTime>);
        let (idle, accepted, blank) = (Some(1_209_600_i32), None::<bool>, None::<Vec<u8>>);
        let mut parameters: Vec<&(dyn ToSql + Sync)> = vec![
            &uuid, &0_i64, &2_i64, &now, &now, &at, &at, &none, &idle, &accepted, &hash, &blank, &hash,
            &"alice", &CLIENT.0, &CLIENT.1, &state, &blank,
        ];
        event.add_to(&mut parameters, &now);
        let (created, more) = tokio::join!(biased;
            self.client.query(&self.create, &parameters),
            self.append_event(uuid, 2, Some("alice"), now),
        );
        created?;
        more
    }

    async fn append_login_step(&self, id: SessionId, now: OffsetDateTime) -> Result<(), Failure> {
        let (uuid, version, actor) = (id.as_uuid(), 2_i64, None::<&str>);
        let (methods, assurance) = (&["pwd"][..], Some(1_i16));
        let mut parameters: Vec<&(dyn ToSql + Sync)> =
            vec![&uuid, &version, &now, &"logged_in", &"alice", &actor];
        parameters.extend([&methods as &(dyn ToSql + Sync), &assurance, &CLIENT.0, &CLIENT.1]);
        self.client.execute(&self.append_login_step, &parameters).await?;
        Ok(())
    }
}
