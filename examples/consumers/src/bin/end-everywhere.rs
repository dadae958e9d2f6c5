//! Follows the ledger of `FROM_URL`, and ends in the ledger of `TO_URL` the sessions of users who are signed
//! out everywhere. It ends at Ctrl-C.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::time::Duration;

use consumers::everywhere::Ender;
use session_ledger::Ledger;
use session_ledger::ledger::Subscription;
use tokio::signal::ctrl_c;
use tokio::time::sleep;
use tokio_postgres::NoTls;

/// The pause when there was nothing new.
const IDLE: Duration = Duration::from_secs(1);

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let from_url = env::var("FROM_URL").map_err(|_| "set FROM_URL to the ledger that is to be followed")?;
    let to_url = env::var("TO_URL").map_err(|_| "set TO_URL to the ledger in which sessions are to end")?;
    let from = Ledger::builder(from_url.parse()?).without_requests().connect().await?;
    let to = Ledger::builder(to_url.parse()?).connect().await?;
    let (database, connection) = tokio_postgres::connect(&to_url, NoTls).await?;
    tokio::spawn(connection);
    let mut ender = Ender::open("/shop/sessions", to, database).await?;
    let mut subscription = from.subscription("end everywhere", "end-everywhere").await?;
    tokio::select! {
        failed = follow(&mut ender, &mut subscription) => failed?,
        stopped = ctrl_c() => stopped?,
    }
    Ok(subscription.release().await?)
}

async fn follow(ender: &mut Ender, from: &mut Subscription) -> Result<(), Box<dyn Error>> {
    loop {
        let (ended, has_more) = ender.follow(from).await?;
        if ended > 0 {
            println!("{ended} sessions were ended");
        }
        if !has_more {
            sleep(IDLE).await;
        }
    }
}
