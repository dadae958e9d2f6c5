//! Everything that can be wrong with an address. No message repeats a value that might be a password.

use crate::plain_debug::plain_debug;

/// Why a database's address cannot be followed.
#[derive(Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// Neither an address nor the environment names a database.
    #[error(
        "no database is named: set DATABASE_URL to a URL such as postgresql://shop@localhost/shop or to keys and values \
         such as \"host=localhost user=shop dbname=shop\", or set PGHOST, PGUSER and PGDATABASE"
    )]
    Missing,
    /// The text is neither a URL nor keys and values.
    #[error(
        "the database's address cannot be read: {reason}; write a URL such as postgresql://shop@localhost/shop (special \
         characters in a password as %40 and the like), or keys and values such as \"host=localhost user=shop \
         dbname=shop\" (a value with blanks in single quotes)"
    )]
    Unreadable {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// A parameter that libpq does not know either.
    #[error("{}", unknown(.name.as_deref()))]
    Unknown {
        /// Its name; none if that might be a part of a password.
        name: Option<String>,
    },
    /// A parameter, or a variable of the environment, that libpq follows and this library does not.
    #[error("`{name}` is not followed, and is not ignored either: take it out; {instead}")]
    NotFollowed {
        /// The parameter or the variable.
        name: &'static str,
        /// What to do instead.
        instead: &'static str,
    },
    /// A parameter has a value that it cannot have.
    #[error("`{name}` in the database's address or its environment must be {expected}")]
    Value {
        /// The parameter or the variable.
        name: String,
        /// The values that it can have.
        expected: String,
    },
}

impl AddressError {
    pub(super) fn value(name: &str, expected: &str) -> Self {
        Self::Value { name: name.to_owned(), expected: expected.to_owned() }
    }
}

fn unknown(name: Option<&str>) -> String {
    let Some(name) = name else {
        return "the database's address has a word behind the password that is no parameter: a password with blanks \
                stands in single quotes"
            .to_owned();
    };
    let instead = match name {
        "pgbouncer" | "prepareThreshold" | "prepared_statements" | "statement_cache_size" => {
            "; behind a pooler in transaction mode an application calls `unnamed_statements()`, and `projector` takes the \
             address of the server itself"
        }
        "connection_limit" | "pool_size" | "max_connections" | "pool_max_conns" => {
            "; the number of connections is `connections_max`"
        }
        "schema" | "search_path" => "; the ledger's tables are always in the schema session_ledger",
        _ => "; `host`, `port`, `user`, `dbname`, `sslmode` and the others that libpq knows are",
    };
    format!("`{name}` is no parameter of a database's address: take it out{instead}")
}

plain_debug!(AddressError);
