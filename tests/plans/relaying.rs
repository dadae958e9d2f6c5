//! The statements about what a subscription is delivered, and where it goes on.

use super::check::Check::{self, Exempt, Plan};
use super::check::{ONE, RELAY};

const FEW: &str = "reads and writes the few dead letters of one subscription, outside any request";
const MOVED: &str = "counts what a cursor is moved over, or begins behind, outside any request";

pub(crate) const RELAYING: &[(&str, Check)] = &[
    ("change_signal_stream.sql", Exempt(ONE)),
    ("create_signal_stream.sql", Exempt(MOVED)),
    ("create_subscription.sql", Exempt(ONE)),
    ("dead_letters.sql", Exempt(FEW)),
    ("drop_signal_stream.sql", Exempt(ONE)),
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
    (
        "signal_news.sql",
        Plan {
            role: RELAY,
            arguments: "'relay'",
            wanted: &["Merge Append", "_epoch_transaction_id_idx on event_"],
        },
    ),
    ("signal_stream.sql", Exempt(ONE)),
    ("signal_streams.sql", Exempt("reads the few streams that receivers have made, outside any request")),
    ("skip_dead_letters.sql", Exempt(FEW)),
];
