//! The statements about what a subscription is delivered, and where it goes on.

use super::check::Check::{self, Exempt, Plan};
use super::check::{ONE, RELAY};

const FEW: &str = "reads and writes the few dead letters of one subscription, outside any request";
const MOVED: &str = "counts what a cursor is moved over, when an operator moves it, outside any request";

pub(crate) const RELAYING: &[(&str, Check)] = &[
    ("create_subscription.sql", Exempt(ONE)),
    ("dead_letters.sql", Exempt(FEW)),
    ("feed_close.sql", Exempt(ONE)),
    (
        "feed_due_events.sql",
        Plan {
            role: RELAY,
            arguments: "ID, 1, '90000:90000:', 1::smallint, 100",
            wanted: &["_pkey on event_"],
        },
    ),
    ("feed_held_back.sql", Exempt(FEW)),
    ("feed_refuse.sql", Exempt(FEW)),
    ("feed_resume.sql", Exempt(FEW)),
    ("filter_subscription.sql", Exempt(ONE)),
    ("forward_subscription.sql", Exempt(MOVED)),
    ("reopen_subscription.sql", Exempt(ONE)),
    ("resume_parked.sql", Exempt(FEW)),
    ("rewind_subscription.sql", Exempt(MOVED)),
    ("seize_subscription.sql", Exempt(ONE)),
    ("skip_dead_letters.sql", Exempt(FEW)),
];
