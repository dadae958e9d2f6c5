//! The house's own rules, read from the tree and refused like any other broken promise.
//!
//! - `aliases`: the guide for those who come from elsewhere names what is there, and each old name finds it.
//! - `circles`: no two files of the library need each other, directly or around other files.
//! - `errors`: an error's `Debug` is its message, as `main` prints it.
//! - `features`: a build of the library holds no test kit unless it asks for it.
//! - `floors`: lower floors never import upper ones, and the pure ones read no clock.
//! - `public_names`: the library exports the names on a list, so that growth is seen in review.
//! - `readme`: its program is the example that is compiled and run.
//! - `sizes`: files, functions, comments and the crate's root stay small, and every file says what it is.
//! - `sql`: one statement a file, with a header; one object a migration.
//! - `words`: names, markers and paths that have no place here.
//!
//! Each test names every offender with its file and line, and says what to do instead.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod aliases;
mod circles;
mod errors;
mod features;
mod floors;
mod mentions;
mod modules;
mod paths;
mod public_names;
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
