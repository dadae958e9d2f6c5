//! Reads the relay's lines and writes mails about new devices into the database of `MAIL_DATABASE_URL`. With
//! `LEDGER_URL` it reads from there what the lines are missing.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;

use consumers::mail::Mailer;
use session_ledger::Ledger;
use tokio::io::{AsyncBufReadExt, BufReader, stdin};
use tokio_postgres::NoTls;

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = env::var("MAIL_DATABASE_URL").map_err(|_| "set MAIL_DATABASE_URL to the mailer's database")?;
    let (database, connection) = tokio_postgres::connect(&url, NoTls).await?;
    tokio::spawn(connection);
    let log = match env::var("LEDGER_URL") {
        Ok(url) => Some(Ledger::builder(url.parse()?).without_requests().connect().await?),
        Err(_) => None,
    };
    let mut mailer = Mailer::open(database, log).await?;
    let mut lines = BufReader::new(stdin()).lines();
    while let Some(line) = lines.next_line().await? {
        let receipt = mailer.receive(line.as_bytes()).await?;
        eprintln!("{receipt:?}");
    }
    Ok(())
}
