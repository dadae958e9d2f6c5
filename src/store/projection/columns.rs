//! The columns of the projection: of a live session's row, of an ended session's, and of a login's step.

use std::net::IpAddr;

use time::OffsetDateTime;

use super::cell::{Cell, Column};
use crate::store::table::table;

/// A [`table!`] whose rows are compared with stored ones.
macro_rules! compared_table {
    (
        $(#[$attribute:meta])*
        pub(crate) struct $Row:ident { $($column:ident: $of:ty => $type:ident,)* }
    ) => {
        table! {
            $(#[$attribute])*
            #[derive(Clone, Debug, PartialEq, Eq)]
            pub(crate) struct $Row { $($column: $of => $type,)* }
        }

        impl $Row {
            /// The name and the value of each column.
            pub(super) fn cells(&self) -> Vec<(&'static str, Cell<'_>)> {
                vec![$((stringify!($column), self.$column.cell())),*]
            }
        }
    };
}

compared_table! {
    /// The derived columns of `session` without the session's id, in the form that PostgreSQL takes. `resend`
    /// is not derived from the log: statements that write it have it behind these columns.
    pub(crate) struct LiveRow {
        version: i64 => INT8,
        started_at: OffsetDateTime => TIMESTAMPTZ,
        changed_at: OffsetDateTime => TIMESTAMPTZ,
        authenticated_at: Option<OffsetDateTime> => TIMESTAMPTZ,
        absolute_deadline: Option<OffsetDateTime> => TIMESTAMPTZ,
        superseded_until: Option<OffsetDateTime> => TIMESTAMPTZ,
        idle_timeout: Option<i32> => INT4,
        superseded_accepted: Option<bool> => BOOL,
        token_hash: Vec<u8> => BYTEA,
        superseded_hash: Option<Vec<u8>> => BYTEA,
        head_hash: Vec<u8> => BYTEA,
        user_id: Option<String> => TEXT,
        client_ip: Option<IpAddr> => INET,
        user_agent: Option<String> => TEXT,
        state: Vec<u8> => BYTEA,
    }
}

compared_table! {
    /// The columns of `ended_session` without the session's id.
    pub(crate) struct EndedRow {
        version: i64 => INT8,
        started_at: OffsetDateTime => TIMESTAMPTZ,
        ended_at: OffsetDateTime => TIMESTAMPTZ,
        last_seen: OffsetDateTime => TIMESTAMPTZ,
        authenticated_at: Option<OffsetDateTime> => TIMESTAMPTZ,
        reason: String => TEXT,
        user_id: Option<String> => TEXT,
        client_ip: Option<IpAddr> => INET,
        user_agent: Option<String> => TEXT,
        head_hash: Vec<u8> => BYTEA,
        ended_by: Option<String> => TEXT,
    }
}

compared_table! {
    /// The columns of `login_step` without the session's id.
    pub(crate) struct LoginRow {
        version: i64 => INT8,
        occurred_at: OffsetDateTime => TIMESTAMPTZ,
        kind: String => TEXT,
        user_id: Option<String> => TEXT,
        actor: Option<String> => TEXT,
        methods: Vec<String> => TEXT_ARRAY,
        assurance: Option<i16> => INT2,
        client_ip: Option<IpAddr> => INET,
        user_agent: Option<String> => TEXT,
    }
}
