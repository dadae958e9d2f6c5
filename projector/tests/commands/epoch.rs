//! `projector epoch`.

use test_support::Database;

use super::{projector, stderr, stdout};

#[tokio::test]
async fn the_epoch_is_raised_by_one_and_told() {
    let database = Database::fresh().await;
    let run = |command: &str| {
        let run = projector(&database.config()).args(["epoch", command]).output().unwrap();
        assert_eq!((run.status.code(), stderr(&run).as_str()), (Some(0), ""));
        stdout(&run)
    };
    assert_eq!(run("show"), "1\n");
    assert_eq!(
        run("raise"),
        "The database is in epoch 2. Tokens of earlier epochs open nothing: all users sign in again.\n"
    );
    assert_eq!(run("show"), "2\n");
}
