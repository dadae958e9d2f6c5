//! A small shop whose carts, logins and orders go through session-ledger.
//!
//! Where to look first: `pages/orders.rs`, where an order and the emptied cart are one transaction, then
//! `pages/devices.rs`, which ends sessions of other browsers, and `story.rs`, which tells a session's
//! history.
#![forbid(unsafe_code)]

mod cart;
mod database;
mod door;
mod frame;
mod notes;
mod pages;
mod passwords;
mod price;
mod problem;
mod site;
mod story;
mod when;

use std::error::Error;
use std::time::Duration;

use poem::Response;
use session_ledger::Ledger;
use session_ledger::token::{CookieSettings, KeyRing};
use session_ledger::web::Sessions;

/// The demo users: names and passwords.
pub const DEMO_USERS: [(&str, &str); 2] = [("alice", "two lumps please"), ("bob", "milk goes first")];

/// How long a browser is recognised after its last login: as long as browsers keep a cookie.
const KNOWN_DEVICES: Duration = Duration::from_secs(400 * 24 * 3600);

/// Opens the shop on a database: the site, and the sessions that are a part of it. Adds missing tables, those
/// of session-ledger and the shop's own, fills the shelves and registers the demo users.
///
/// # Errors
///
/// The database is away or refuses, or no browser would accept the cookie's settings.
pub async fn open(
    database: &tokio_postgres::Config,
    keys: KeyRing,
    cookie: CookieSettings,
) -> Result<(impl poem::Endpoint<Output = Response> + 'static, Sessions), Box<dyn Error + Send + Sync>> {
    Ledger::migrate(database).await?;
    let pool = database::pool(database.clone())?;
    database::prepare(&pool).await?;
    let passwords = passwords::Passwords::new()?;
    for (name, password) in DEMO_USERS {
        database::open_account(&pool, name, &passwords::hash(password)?).await?;
    }
    // The library shares the shop's connections.
    let ledger = Ledger::builder(database.clone()).pool(pool.clone()).connect().await?;
    let sessions =
        Sessions::builder(ledger.clone(), keys).cookie(cookie).known_devices(KNOWN_DEVICES).build()?;
    Ok((site::site(ledger, pool, passwords, sessions.clone()), sessions))
}
