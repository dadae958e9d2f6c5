//! Statements of which `tests/views` looks at the plans, on more rows than here.

use super::check::Check::{self, Exempt};
use super::check::{ASKED, LOOKED_UP};

/// The statements that answer questions, by the names of their files.
pub(crate) const QUESTIONS: &[(&str, Check)] = &[
    ("count_ends.sql", Exempt(ASKED)),
    ("count_live.sql", Exempt(ASKED)),
    ("count_logins.sql", Exempt(ASKED)),
    ("events_of_session.sql", Exempt(LOOKED_UP)),
    ("events_of_span.sql", Exempt(ASKED)),
    ("events_of_user.sql", Exempt(LOOKED_UP)),
    ("failed_logins_page.sql", Exempt(ASKED)),
    ("latest_logins.sql", Exempt(LOOKED_UP)),
    ("live_page.sql", Exempt(ASKED)),
    ("logins_from_address.sql", Exempt(LOOKED_UP)),
    ("logins_from_network.sql", Exempt(ASKED)),
    ("logins_of_user.sql", Exempt(LOOKED_UP)),
    ("signed_in.sql", Exempt(LOOKED_UP)),
];
