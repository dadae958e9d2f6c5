//! The two formats of a server's address.

/// The port is only a part of the socket's name; it is written out because `PGPORT` would change it.
pub(crate) const PORT: u16 = 5432;

/// Key-value form, for libpq and tokio-postgres.
pub(crate) fn key_values(socket_dir: &str, database: &str) -> String {
    format!("host={} port={PORT} user=postgres dbname={}", quoted(socket_dir), quoted(database))
}

/// URL form, for `DATABASE_URL`.
pub(crate) fn url(socket_dir: &str, database: &str) -> String {
    let (host, name) = (percent_encoded(socket_dir), percent_encoded(database));
    format!("postgres://postgres@/{name}?host={host}&port={PORT}")
}

/// A quoted value of a connection string: only quote and backslash are special inside.
fn quoted(value: &str) -> String {
    format!("'{}'", value.replace('\\', r"\\").replace('\'', r"\'"))
}

/// Everything but the unreserved characters of RFC 3986 section 2.3, byte by byte.
fn percent_encoded(value: &str) -> String {
    value.bytes().fold(String::new(), |mut text, byte| {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
                text.push(char::from(byte))
            }
            _ => text.push_str(&format!("%{byte:02X}")),
        }
        text
    })
}

#[cfg(test)]
mod tests {
    use super::{key_values, url};

    #[test]
    fn quotes_and_backslashes_stay_inside_their_value() {
        assert_eq!(
            key_values("/tmp/a b", r"it's \ here"),
            r"host='/tmp/a b' port=5432 user=postgres dbname='it\'s \\ here'"
        );
    }

    #[test]
    fn a_url_carries_no_reserved_character_of_its_values() {
        assert_eq!(
            url("/tmp/ü&", "a/b?c"),
            "postgres://postgres@/a%2Fb%3Fc?host=%2Ftmp%2F%C3%BC%26&port=5432"
        );
    }
}
