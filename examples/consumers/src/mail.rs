//! "Mail me about a new device": reads CloudEvents, and puts a mail for each new device into a table.
//!
//! The mail and the row of the inbox commit together, so there is one mail for each new device. A program of
//! its own sends what is in the table: no transaction can hold a mail server.

use serde::Deserialize;
use session_ledger::Ledger;
use session_ledger::inbox::{
    CloudEvent, CloudEventError, Inbox, InboxError, Place, Receipt, SCHEMA, SessionGap,
};
use session_ledger::session::{Event, Recorded, UserId};
use tokio_postgres::Client;

const MAIL: &str = include_str!("../sql/mail.sql");
const INSERT_MAIL: &str = include_str!("../sql/insert_mail.sql");

/// Writes a mail about each new device.
#[derive(Debug)]
pub struct Mailer {
    inbox: Inbox,
    database: Client,
    log: Option<Ledger>,
}

/// An event was not received: it is to be delivered again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The inbox does not take it.
    #[error(transparent)]
    Inbox(#[from] InboxError),
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] CloudEventError),
    /// Nobody knows whom to mail.
    #[error("the event of a new device names no user: see what else writes to this queue")]
    Nameless,
    /// The mailer's database is away or refuses.
    #[error("the mailer's database refused a statement: {0}")]
    Database(#[from] tokio_postgres::Error),
}

/// Who has signed in from a new device.
struct NewDevice {
    user: Option<UserId>,
}

/// The part of an event's facts that is read here.
#[derive(Deserialize)]
struct DeviceSeen {
    is_new: bool,
}

impl Mailer {
    /// A mailer with its tables in `database`. Events that it is missing it reads from `log`, if it may.
    ///
    /// # Errors
    ///
    /// The database is away, or the tables cannot be made.
    pub async fn open(database: Client, log: Option<Ledger>) -> Result<Self, tokio_postgres::Error> {
        database.batch_execute(SCHEMA).await?;
        database.batch_execute(MAIL).await?;
        Ok(Self { inbox: Inbox::of_whole_stream("mail"), database, log })
    }

    /// Receives an event that was delivered, and before it those of its session that are missing. Once this
    /// has returned, the broker may be told that it was received.
    ///
    /// # Errors
    ///
    /// It was not received.
    pub async fn receive(&mut self, delivered: &[u8]) -> Result<Receipt, MailError> {
        let event = CloudEvent::from_json(delivered)?;
        loop {
            match self.handle(event.place(), told(&event)?).await {
                Err(MailError::Inbox(InboxError::Gap(gap))) => self.catch_up(gap).await?,
                received => return received,
            }
        }
    }

    /// Handles what is missing, as far as the log can be read and holds it.
    async fn catch_up(&mut self, gap: SessionGap) -> Result<(), MailError> {
        let missed = match &self.log {
            Some(log) => log.missed(&gap).await.map_err(InboxError::from)?,
            None => Vec::new(),
        };
        if missed.is_empty() {
            return Err(InboxError::from(gap).into());
        }
        for (place, recorded) in missed {
            let _: Receipt = self.handle(&place, read(&recorded)).await?;
        }
        Ok(())
    }

    async fn handle(&mut self, place: &Place, device: Option<NewDevice>) -> Result<Receipt, MailError> {
        let transaction = self.database.transaction().await?;
        let receipt = self.inbox.receive(&transaction, place).await?;
        if let Some(device) = device.filter(|_| receipt.is_to_be_handled()) {
            let user = device.user.ok_or(MailError::Nameless)?;
            let session = place.session.as_uuid();
            transaction.execute(INSERT_MAIL, &[&user.as_str(), &session, &place.recorded_at]).await?;
        }
        transaction.commit().await?;
        Ok(receipt)
    }
}

/// The new device that an envelope tells of, if it does.
fn told(event: &CloudEvent) -> Result<Option<NewDevice>, CloudEventError> {
    if event.kind() != "device_seen" {
        return Ok(None);
    }
    let seen: DeviceSeen = event.data()?;
    Ok(seen.is_new.then(|| NewDevice { user: event.user() }))
}

/// The new device that an event of the log tells of, if it does.
fn read(recorded: &Recorded) -> Option<NewDevice> {
    match recorded.entry.event() {
        Ok(Event::DeviceSeen(seen)) if seen.is_new => Some(NewDevice { user: recorded.entry.user.clone() }),
        _ => None,
    }
}
