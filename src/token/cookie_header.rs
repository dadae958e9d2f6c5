//! The search for a cookie in the `Cookie` header, byte by byte.
//!
//! A neighbour domain can set a cookie `__%48ost-session`, because browsers see no `__Host-` prefix in this
//! name. A server that decodes names would believe it, and a server that takes the first of two equal names
//! lets the neighbour choose. So names are compared as bytes, and [`Found::Several`] is an answer of its own.

use std::fmt;

/// The cookies in a header that have a given name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// No cookie has the name.
    None,
    /// Exactly one cookie has the name: its value, as it was sent.
    One(&'a [u8]),
    /// Several cookies have the name, maybe with the same value. Somebody planted one, and servers should not
    /// rely on the order of cookies (RFC 6265, section 4.2.2), so none can be believed.
    Several,
}

/// Shows no value, as the value is a token.
impl fmt::Debug for Found<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "None",
            Self::One(_) => "One(..)",
            Self::Several => "Several",
        })
    }
}

/// Looks for the cookie `name` in every `Cookie` line of a request. HTTP/2 may split the header into several
/// lines.
///
/// Pairs are separated by `;` and split at their first `=`. Spaces and tabs around names and values do not
/// belong to them (RFC 6265, section 5.2), but quotes do. A cookie without a name is skipped.
///
/// ```
/// use session_ledger::internals::{Found, find};
///
/// let lines = [b"theme=dark; __Host-session=abc".as_slice(), b"lang=de".as_slice()];
/// assert_eq!(find(lines.into_iter(), "__Host-session"), Found::One(b"abc"));
///
/// let tossed = [b"__Host-session=abc; __Host-session=evil".as_slice()];
/// assert_eq!(find(tossed.into_iter(), "__Host-session"), Found::Several);
/// ```
pub fn find<'a>(lines: impl Iterator<Item = &'a [u8]>, name: &str) -> Found<'a> {
    let pairs = lines.flat_map(|line| line.split(|&byte| byte == b';')).filter_map(name_and_value);
    let mut values = pairs.filter(|&(found, _)| found == name.as_bytes()).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Found::None,
        (Some(value), None) => Found::One(value),
        (Some(_), Some(_)) => Found::Several,
    }
}

/// Splits a pair into its name and its value; `None` if it has no name.
fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    let (name, value) = pair.split_at_checked(equals)?;
    let (name, value) = (trimmed(name), trimmed(value.get(1..)?));
    (!name.is_empty()).then_some((name, value))
}

/// Removes spaces and tabs from both ends. `trim_ascii` would remove line feeds and form feeds too.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
