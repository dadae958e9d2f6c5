//! BEGIN travels ahead of the application's first statement, which has no effect without it.

use deadpool_postgres::{Manager, ManagerConfig, Pool, RecyclingMethod};
use test_support::{Database, Visitor};
use tokio_postgres::NoTls;

use crate::scene::{PATHS, process};

/// States in which other code may leave a connection of the application's own pool.
const LEFT_OPEN: [&str; 5] = [
    "begin",
    "begin; select 1",
    "begin; insert into purchase values (-1)",
    "begin isolation level serializable; insert into purchase values (-1)",
    "begin; insert into purchase values (-1); select 1 / 0",
];

#[tokio::test]
async fn a_statement_takes_no_effect_where_begin_is_refused() {
    let database = Database::fresh().await;
    let table = "create table purchase (count int not null)";
    database.connect().await.batch_execute(table).await.unwrap();
    let recycling = ManagerConfig { recycling_method: RecyclingMethod::Fast };
    let manager = Manager::from_config(database.config(), NoTls, recycling);
    let pool = Pool::builder(manager).max_size(1).build().unwrap();
    let (_, app, shop) = process(database.builder().pool(pool.clone())).await;
    let alice = Visitor::new(&app);
    assert_eq!(alice.post("/login/alice", "").await.status, 200);
    let (mut count, mut bought) = (0, 0);
    for (path, added, status) in PATHS {
        for left in LEFT_OPEN {
            alice.get("/show").await;
            let client = pool.get().await.unwrap();
            // A failed statement is part of the state.
            client.batch_execute(left).await.ok();
            drop(client);
            let (runs, answer) = (shop.runs(), alice.post(path, "").await);
            count += added;
            assert_eq!(
                (answer.status.as_u16(), answer.body),
                (status, count.to_string()),
                "{path} after {left}"
            );
            assert!(shop.runs() - runs <= 2, "{path} after {left}");
            bought += i64::from(status == 200 && !["/add", "/peek"].contains(&path));
            assert_eq!(database.count("purchase where count >= 0").await, bought, "{path} after {left}");
        }
    }
    assert_eq!(database.count("purchase where count < 0").await, 0, "theirs are rolled back");
}
