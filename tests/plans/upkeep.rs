//! The expectations of the statements with which operators keep a ledger in shape: no request runs them.

use super::check::Check::{self, Exempt};
use super::check::PAGED;

/// These statements, by the names of their files.
pub(crate) const UPKEEP: &[(&str, Check)] = &[("overdue_page.sql", Exempt(PAGED))];
