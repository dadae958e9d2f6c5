//! The house's own rules, read from the tree and refused like any other broken promise.
//!
//! - `floors`: lower floors never import upper ones, and the pure ones read no clock.
//! - `readme`: its program is the example that is compiled and run.
//! - `sizes`: files, functions and the crate's root stay small, and every file says what it is.
//! - `sql`: one statement a file, with a header; one object a migration.
//! - `words`: names, markers and paths that have no place here.
//!
//! Each test names every offender with its file and line, and says what to do instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod floors;
mod paths;
mod readme;
mod sizes;
mod source;
mod sql;
mod tree;
mod words;

/// Fails when there are offences, listing all of them: mending one at a time wastes a build each.
#[track_caller]
fn refuse(offences: &[String]) {
    assert!(offences.is_empty(), "{} offences:\n{}\n", offences.len(), offences.join("\n"));
}
