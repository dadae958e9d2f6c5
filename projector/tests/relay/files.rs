//! Lines in a file.

use std::fs;

use projector::relay::ndjson::LineFile;
use projector::relay::{Relay, relay};
use serde_json::Value;

use super::waves::{note_each, sessions};
use super::{ids, ledger, settings};

/// A relay was killed in the middle of a line, which was longer than what is read at once.
#[tokio::test]
async fn a_file_has_whole_lines_only_and_what_was_begun_comes_again() {
    let (database, ledger) = ledger().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("audit.ndjson");
    let once = || Relay { once: true, ..settings("host-1") };
    let sessions = sessions(1);
    note_each(&database, &sessions, 1..=2).await;
    relay(&ledger, &once(), &mut LineFile::new(&path), std::future::pending()).await.unwrap();
    let whole = fs::read_to_string(&path).unwrap();
    assert_eq!(whole.lines().count(), 2);
    for torn in ["{\"id\"", &"x".repeat(200_000)] {
        fs::write(&path, format!("{whole}{torn}")).unwrap();
        relay(&ledger, &once(), &mut LineFile::new(&path), std::future::pending()).await.unwrap();
        assert!(fs::read_to_string(&path).unwrap().starts_with(&whole), "nothing was lost");
    }
    note_each(&database, &sessions, 3..=3).await;
    fs::write(&path, format!("{whole}torn")).unwrap();
    relay(&ledger, &once(), &mut LineFile::new(&path), std::future::pending()).await.unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(text.ends_with('\n') && lines.len() == 3, "{text}");
    assert_eq!(ids(&lines).len(), 3);
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_named() {
    let (database, ledger) = ledger().await;
    note_each(&database, &sessions(1), 1..=1).await;
    let mut sink = LineFile::new("/nowhere/audit.ndjson");
    let once = Relay { once: true, ..settings("host-1") };
    let refused = relay(&ledger, &once, &mut sink, std::future::pending()).await.unwrap_err();
    assert_eq!(
        refused.to_string(),
        "file /nowhere/audit.ndjson did not take an event (No such file or directory (os error 2)): what was delivered \
         since the last checkpoint comes again"
    );
}
