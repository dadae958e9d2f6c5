//! Finding our cookie in the `Cookie` header, byte by byte.
//!
//! A cookie jar that decodes names lets a neighbour domain plant `__%48ost-session`, which no browser holds
//! to the rules of the `__Host-` prefix, and one that takes the first of two equal names lets the neighbour
//! choose. So names are compared as bytes, and two cookies of our name are an answer of their own.

use std::fmt;

/// What the header holds of a cookie's name.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Found<'a> {
    /// No cookie has the name.
    None,
    /// Exactly one cookie has the name: its value, as it was sent.
    One(&'a [u8]),
    /// Several cookies have the name, maybe with the same value. Somebody planted one, so none is to be
    /// believed: servers should not rely on their order (RFC 6265, section 4.2.2).
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

/// Looks for the cookie `name` in every `Cookie` line of a request (HTTP/2 may split the header into
/// several).
///
/// Pairs are separated by `;` and split at their first `=`. Spaces and tabs around names and values are no
/// part of them (RFC 6265, section 5.2); quotes are. A cookie without a name is nobody's.
///
/// ```
/// use session_ledger::token::cookie_header::{Found, find};
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

/// The name and the value of a pair, if it has a name.
fn name_and_value(pair: &[u8]) -> Option<(&[u8], &[u8])> {
    let equals = pair.iter().position(|&byte| byte == b'=')?;
    let (name, value) = pair.split_at_checked(equals)?;
    let (name, value) = (trimmed(name), trimmed(value.get(1..)?));
    (!name.is_empty()).then_some((name, value))
}

/// Without the spaces and tabs at both ends. `trim_ascii` would take line feeds and form feeds too.
fn trimmed(mut bytes: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = bytes {
        bytes = rest;
    }
    bytes
}
