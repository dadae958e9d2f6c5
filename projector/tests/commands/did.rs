//! `projector history --did`.

use test_support::Database;

use super::capture::assert_golden;
use super::{projector, stderr, stdout, stories};

/// Orders of a shop: two of a session, with all that can be hostile in a value, and one of another.
async fn tell(database: &Database) -> String {
    let session = stories::on_phone();
    let orders = format!(
        "create schema shop;
         create table shop.orders (id bigint primary key, item text, card_pin text, placed_by uuid);
         insert into shop.orders values (1, E'=cmd\\x1b[31m\\n<b>', '4711', '{session}'), (2, 'tea', null, '{session}'),
                                        (3, 'milk', null, gen_random_uuid());
         create table shop.notes (id bigint, written_by uuid);
         create table shop.names (id bigint, session text);"
    );
    database.connect().await.batch_execute(&orders).await.unwrap();
    session.to_string()
}

#[tokio::test]
async fn what_a_session_wrote_is_told_in_every_format() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let session = tell(&database).await;
    let told = |more: &[&str]| {
        let output = projector(&database.config()).args(["history", &session, "--did"]).args(more).output();
        let output = output.unwrap();
        (output.status.code(), stdout(&output), stderr(&output))
    };
    let orders = ["--table", "shop.orders.placed_by", "--format"];
    for (format, name) in [("table", "txt"), ("json", "json"), ("csv", "csv"), ("ndjson", "ndjson")] {
        let (code, out, notes) = told(&[&orders[..], &[format]].concat());
        assert_eq!((code, notes.as_str()), (Some(0), ""));
        assert!(!out.contains('\u{1b}') && !out.contains("4711"), "{out}");
        assert_golden(&format!("did.{name}"), &out);
    }
    let (code, out, notes) = told(&["--table", "shop.notes.written_by"]);
    let none = "No row of these tables was written by the session, or is there still.\n";
    assert_eq!((code, out.as_str(), notes.as_str()), (Some(1), "", none));

    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("tables");
    let file = file.to_str().unwrap();
    std::fs::write(file, "# of the shop\n\n  shop.orders.placed_by\nshop.notes.written_by\n").unwrap();
    assert_eq!(told(&["--tables", file, "--format", "ndjson"]).1.lines().count(), 2);
    std::fs::write(file, "shop.orders.placed_by\nnonsense\n").unwrap();
    let refused = format!(
        "error: the file {file}, line 2: `nonsense` names no column: write `table.column` or `schema.table.column`\n"
    );
    assert_eq!(told(&["--tables", file]), (Some(2), String::new(), refused));
}

#[tokio::test]
async fn what_cannot_be_told_is_refused_with_its_reason() {
    let database = Database::fresh().await;
    stories::tell(&database).await;
    let session = tell(&database).await;
    let name = format!("stranger_to_{}", database.name());
    let client = database.connect().await;
    client
        .batch_execute(&format!("create role {name} login; grant session_ledger_auditor to {name}"))
        .await
        .unwrap();
    let refused = |user: Option<&str>, more: &[&str]| {
        let mut config = database.config();
        if let Some(user) = user {
            config.user(user);
        }
        let output = projector(&config).args(["history", &session, "--did"]).args(more).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{more:?}");
        stderr(&output).lines().last().unwrap_or_default().to_owned()
    };
    let of_strangers = refused(Some(&name), &["--table", "shop.orders.placed_by"]);
    client.batch_execute(&format!("grant usage on schema shop to {name}")).await.unwrap();
    let of_readers = refused(Some(&name), &["--table", "shop.orders.placed_by"]);
    client
        .batch_execute(&format!("revoke usage on schema shop from {name}; drop role {name}"))
        .await
        .unwrap();
    let advice = "; the table's owner may grant it: `grant select on` the table and `grant usage on schema` its \
                  schema, to the user of this command";
    assert!(
        of_readers.contains("permission denied for table orders") && of_readers.ends_with(advice),
        "{of_readers}"
    );
    assert!(
        of_strangers.contains("shop.orders.placed_by") || of_strangers.ends_with(advice),
        "{of_strangers}"
    );

    assert!(
        refused(None, &["--table", "shop.orders.nothing"])
            .contains("there is no column `shop.orders.nothing`")
    );
    assert!(refused(None, &["--table", "shop.names.session"]).contains("has the type text"));
    assert!(refused(None, &[]).contains("no table is named: say with --table"));
    let ocsf = refused(None, &["--table", "shop.orders.placed_by", "--format", "ocsf"]);
    assert_eq!(ocsf, "error: rows are no authentications: take another format than ocsf");
}
