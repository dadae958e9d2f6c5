//! The features of pyramid_sqlalchemy_sessions, the Python library whose job this one does on poem, and the
//! defects of it that ours does not have: one test each, through the public API as an application uses it.
//!
//! Shown by tests of their own, which need more than a few lines:
//!
//! | feature or defect there | shown by |
//! |---|---|
//! | `generate_secret_key` | `projector/tests` (`keys generate`) |
//! | a renewal timeout, tries every so often, of the session's own too | `tests/renewal.rs` |
//! | a cookie that is kept, its age, and settings after the login | `tests/remember.rs` |
//! | another key without a restart | `tests/rotation.rs` |
//! | forged cookies never reach the database, byte by byte | `tests/cookie`, `tests/token` |
//! | a key for each purpose, bound to name and audience | `tests/token/forgery.rs` |
//! | forged requests, by method, header and token | `tests/csrf` |
//! | a stored layout that changes, and types that are lossy | `tests/codec`, `tests/values` |
//! | the chance and the deadline of an extension | `tests/timeouts.rs`, `tests/policy.rs` |
//! | conflicts of sessions in small tables, counted | `tests/contention.rs`, `tests/plans` |
//! | migrations, roles, partitions, indexes | `tests/schema`, `tests/roles`, `tests/plans` |
//! | metrics and the structured log | `tests/telemetry.rs`, `tests/logged.rs` |
//! | a process whose clock is wrong | `tests/timeouts.rs`, `tests/restored.rs` |
//! | a cookie that is older or newer than the database | `tests/restored.rs` |
//! | what is off costs nothing | `tests/off.rs` |
//! | no token in a dump of the database or in any log | `tests/secrets.rs` |
//!
//! Missing: the command of the garbage collector. Sessions whose time is over end when somebody comes.
//!
//! Does not apply:
//!
//! | feature or defect there | why |
//! |---|---|
//! | `changed()` after a nested mutation | values are read and set as wholes: there is none to forget |
//! | pickled values and the code that they run | values are bytes of a layout, read strictly |
//! | `repr`, `copy` and `\|=` of a dict | the session is no dict |
//! | settings checked by `assert`, off under `-O` | checks are errors, in every build |
//! | `NotImplementedError` where a mixin is missing | there are none: what is off is off by its setting |
//! | messages and queues that are no text | their types say so |
//! | thread-local transaction managers | a transaction belongs to its request |
//! | `edit`, `save`, `discard` of settings | limits are set in one call, checked as a whole |
//! | no token in a header or a form | a cookie is the only way, by intent (OWASP session cheat sheet, SM5) |
//! | no read replicas, no cache in front | a session must be as it is now: a logout is final |
//! | a serializer of the application's own | one sealed form; keys are the application's |
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod concurrency;
mod cookie;
mod csrf;
mod flash;
mod login;
mod renewal;
mod scene;
mod settings;
mod timeouts;
mod transaction;
mod users;
mod values;
