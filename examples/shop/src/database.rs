//! The shop's own tables. Pages that only read use a connection of their own; an order takes its stock in the
//! transaction of its request (see `pages/orders.rs`).

use std::collections::BTreeMap;
use std::time::Duration;

use deadpool_postgres::{BuildError, Manager, ManagerConfig, Pool, RecyclingMethod, Runtime};
use session_ledger::ledger::Error;
use session_ledger::session::SessionId;
use time::OffsetDateTime;
use tokio_postgres::{Config, NoTls};
use uuid::Uuid;

use crate::price::Price;

/// The most connections to the database.
const CONNECTIONS_MAX: usize = 16;

/// How long a request waits for a connection before it is answered 503.
const WAIT: Duration = Duration::from_secs(1);

/// A product on the shelves.
#[derive(Clone, Debug)]
pub(crate) struct Product {
    pub(crate) id: i32,
    pub(crate) name: String,
    pub(crate) description: String,
    /// The id of a symbol in `static/pictures.svg`.
    pub(crate) picture: String,
    pub(crate) price: Price,
    pub(crate) stock: i32,
}

/// A purchase: products bought at once.
#[derive(Clone, Debug)]
pub(crate) struct Purchase {
    pub(crate) id: i64,
    /// The session of the purchase; it may have ended long ago.
    pub(crate) session: SessionId,
    pub(crate) placed_at: OffsetDateTime,
    pub(crate) total: Price,
    /// The products and their quantities.
    pub(crate) lines: Vec<(i32, String)>,
}

/// Connections for the shop and for session-ledger.
pub(crate) fn pool(config: Config) -> Result<Pool, BuildError> {
    let manager =
        Manager::from_config(config, NoTls, ManagerConfig { recycling_method: RecyclingMethod::Fast });
    let builder = Pool::builder(manager).runtime(Runtime::Tokio1).max_size(CONNECTIONS_MAX);
    builder.wait_timeout(Some(WAIT)).create_timeout(Some(WAIT)).build()
}

/// Makes the missing tables and fills the shelves.
pub(crate) async fn prepare(pool: &Pool) -> Result<(), Error> {
    let client = pool.get().await?;
    client.batch_execute(include_str!("../sql/schema.sql")).await?;
    client.batch_execute(include_str!("../sql/seed_products.sql")).await?;
    Ok(())
}

/// Opens an account, unless there is one of that name.
pub(crate) async fn open_account(pool: &Pool, name: &str, password_hash: &str) -> Result<(), Error> {
    pool.get().await?.execute(include_str!("../sql/seed_account.sql"), &[&name, &password_hash]).await?;
    Ok(())
}

/// The hash that an account's password is checked against; none if there is no such account.
pub(crate) async fn password_hash(pool: &Pool, name: &str) -> Result<Option<String>, Error> {
    let row = pool.get().await?.query_opt(include_str!("../sql/password_hash.sql"), &[&name]).await?;
    Ok(row.map(|row| row.try_get("password_hash")).transpose()?)
}

/// All products by their ids.
pub(crate) async fn products(pool: &Pool) -> Result<BTreeMap<i32, Product>, Error> {
    let rows = pool.get().await?.query(include_str!("../sql/products.sql"), &[]).await?;
    let products = rows.iter().map(|row| {
        let product = Product {
            id: row.try_get("id")?,
            name: row.try_get("name")?,
            description: row.try_get("description")?,
            picture: row.try_get("picture")?,
            price: Price::from_cents(row.try_get("price_cents")?),
            stock: row.try_get("stock")?,
        };
        Ok((product.id, product))
    });
    products.collect()
}

/// The purchases of an account, the latest first.
pub(crate) async fn purchases(pool: &Pool, account: &str) -> Result<Vec<Purchase>, Error> {
    let rows = pool.get().await?.query(include_str!("../sql/purchases.sql"), &[&account]).await?;
    let mut purchases: Vec<Purchase> = Vec::new();
    for row in &rows {
        let id = row.try_get("id")?;
        let line = (row.try_get("quantity")?, row.try_get("name")?);
        match purchases.last_mut() {
            Some(purchase) if purchase.id == id => purchase.lines.push(line),
            _ => purchases.push(Purchase {
                id,
                session: SessionId::from(row.try_get::<_, Uuid>("session_id")?),
                placed_at: row.try_get("placed_at")?,
                total: Price::from_cents(row.try_get("total_cents")?),
                lines: vec![line],
            }),
        }
    }
    Ok(purchases)
}
