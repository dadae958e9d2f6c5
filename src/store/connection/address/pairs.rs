//! The two forms of an address, read into pairs of a parameter and its value.

use std::iter::Peekable;
use std::str::Chars;

use super::AddressError;

/// A parameter and its value.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Pair {
    pub(super) name: String,
    pub(super) value: String,
    /// Whether it comes right after an unquoted password.
    pub(super) is_behind_password: bool,
}

/// Reads an address in either form.
pub(super) fn read(text: &str) -> Result<Vec<Pair>, AddressError> {
    let rest = ["postgres://", "postgresql://"].iter().find_map(|scheme| text.strip_prefix(scheme));
    match rest {
        Some(rest) => of_url(rest),
        None if text.contains("://") && !text.split("://").next().is_some_and(|word| word.contains('=')) => {
            Err(unreadable("it begins neither with postgresql:// nor with postgres://"))
        }
        None => of_words(text),
    }
}

fn unreadable(reason: &'static str) -> AddressError {
    AddressError::Unreadable { reason }
}

/// Reads the URL form: `user:password@host:port,host:port/dbname?name=value&…`, each part optional.
fn of_url(text: &str) -> Result<Vec<Pair>, AddressError> {
    let (text, query) = split_at_query(text);
    let (before_path, dbname) = match authority_end(text) {
        Some(slash) => (&text[..slash], &text[slash + 1..]),
        None => (text, ""),
    };
    let (user, hosts) = before_path.rsplit_once('@').unwrap_or(("", before_path));
    let (user, password) = user.split_once(':').unwrap_or((user, ""));
    let (names, ports) = hosts_and_ports(hosts)?;
    let mut pairs = Vec::new();
    let parts =
        [("user", user), ("password", password), ("host", &names), ("port", &ports), ("dbname", dbname)];
    for (name, value) in parts.into_iter().filter(|(_, value)| !value.is_empty()) {
        pairs.push(pair(name, value)?);
    }
    for one in query.split('&').filter(|one| !one.is_empty()) {
        let (name, value) =
            one.split_once('=').ok_or(unreadable("a parameter behind the `?` has no value"))?;
        // The name that Java's driver has for it.
        let (name, value) =
            if (name, value) == ("ssl", "true") { ("sslmode", "require") } else { (name, value) };
        pairs.push(pair(name, value)?);
    }
    Ok(pairs)
}

/// A `?` in the part of the user is a part of the password.
fn split_at_query(text: &str) -> (&str, &str) {
    let user_end = text.find('/').map_or(text, |slash| &text[..slash]).rfind('@').unwrap_or(0);
    match text[user_end..].find('?') {
        Some(mark) => (&text[..user_end + mark], &text[user_end + mark + 1..]),
        None => (text, ""),
    }
}

fn authority_end(text: &str) -> Option<usize> {
    text.find('/')
}

/// The hosts and the ports, each with commas between them, as the parameters have them.
fn hosts_and_ports(text: &str) -> Result<(String, String), AddressError> {
    let (mut hosts, mut ports) = (Vec::new(), Vec::new());
    for one in text.split(',') {
        let (host, port) = match one.strip_prefix('[') {
            Some(rest) => {
                let (host, rest) =
                    rest.split_once(']').ok_or(unreadable("the `[` of an IPv6 address is not closed"))?;
                match rest.strip_prefix(':') {
                    Some(port) => (host, port),
                    None if rest.is_empty() => (host, ""),
                    None => return Err(unreadable("something stands between `]` and the port")),
                }
            }
            None => one.split_once(':').unwrap_or((one, "")),
        };
        hosts.push(host);
        ports.push(port);
    }
    let is_any = |parts: &[&str]| parts.iter().any(|part| !part.is_empty());
    let joined = |parts: Vec<&str>| if is_any(&parts) { parts.join(",") } else { String::new() };
    Ok((joined(hosts), joined(ports)))
}

fn pair(name: &str, value: &str) -> Result<Pair, AddressError> {
    Ok(Pair { name: decoded(name)?, value: decoded(value)?, is_behind_password: false })
}

/// The text with the byte for each `%` and its two digits (RFC 3986 section 2.1).
fn decoded(text: &str) -> Result<String, AddressError> {
    let wrong = || unreadable("a `%` must be followed by two hexadecimal digits, other than 00");
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let mut digit = || rest.next().and_then(|digit| char::from(digit).to_digit(16)).ok_or_else(wrong);
        let value = digit()? * 16 + digit()?;
        bytes.push(u8::try_from(value).ok().filter(|byte| *byte != 0).ok_or_else(wrong)?);
    }
    String::from_utf8(bytes).map_err(|_| unreadable("what its `%` stand for is not UTF-8"))
}

/// Reads the form of keys and values: `host=localhost password='two words'`.
fn of_words(text: &str) -> Result<Vec<Pair>, AddressError> {
    let mut pairs = Vec::new();
    let mut chars = text.chars().peekable();
    let mut is_behind_password = false;
    loop {
        skip_blanks(&mut chars);
        if chars.peek().is_none() {
            return Ok(pairs);
        }
        let name = taken_while(&mut chars, |c| c != '=' && !c.is_whitespace());
        skip_blanks(&mut chars);
        if chars.next() != Some('=') {
            return Err(unreadable("a word has no `=` behind it"));
        }
        skip_blanks(&mut chars);
        let is_quoted = chars.peek() == Some(&'\'');
        let value = if is_quoted { quoted(&mut chars)? } else { plain(&mut chars) };
        let is_password = name == "password" && !is_quoted;
        pairs.push(Pair { name, value, is_behind_password });
        is_behind_password = is_password;
    }
}

fn skip_blanks(chars: &mut Peekable<Chars<'_>>) {
    taken_while(chars, char::is_whitespace);
}

fn taken_while(chars: &mut Peekable<Chars<'_>>, wanted: impl Fn(char) -> bool) -> String {
    let mut taken = String::new();
    while let Some(c) = chars.next_if(|c| wanted(*c)) {
        taken.push(c);
    }
    taken
}

/// A value up to the next blank. A backslash takes the character behind it as it is.
fn plain(chars: &mut Peekable<Chars<'_>>) -> String {
    let mut value = String::new();
    while let Some(c) = chars.next_if(|c| !c.is_whitespace()) {
        value.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    value
}

/// A value in single quotes, with backslashes as in a plain one.
fn quoted(chars: &mut Peekable<Chars<'_>>) -> Result<String, AddressError> {
    chars.next();
    let mut value = String::new();
    loop {
        match chars.next() {
            Some('\'') => return Ok(value),
            Some('\\') => value.extend(chars.next()),
            Some(c) => value.push(c),
            None => return Err(unreadable("a quoted value is not closed")),
        }
    }
}
