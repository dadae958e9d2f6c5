//! Errors whose `Debug` can be read: `main` prints it if it returns one.

use std::error::Error;
use std::fmt;

/// A text of the driver that says no more than its source does.
const SAYS_NOTHING: &str = "db error";

/// Writes an error, then those of its sources that say something new. Only the first line of a source is
/// told: further lines of PostgreSQL's (DETAIL) may quote a row.
pub(crate) fn write(error: &(dyn Error + 'static), f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut told = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let text = cause.to_string();
        let line = text.lines().next().unwrap_or_default();
        let message = line.strip_prefix("ERROR: ").or(line.strip_prefix("FATAL: ")).unwrap_or(line);
        if line != SAYS_NOTHING && !told.contains(message) {
            told = format!("{told}: {message}");
        }
        source = cause.source();
    }
    f.write_str(&told)
}

/// Gives error types a `Debug` that reads as their `Display`, followed by their sources.
macro_rules! plain_debug {
    ($($error:ty),+ $(,)?) => {$(
        impl std::fmt::Debug for $error {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                $crate::plain_debug::write(self, f)
            }
        }
    )+};
}

pub(crate) use plain_debug;

#[cfg(test)]
mod tests {
    /// An error with a text and a source.
    #[derive(thiserror::Error)]
    #[error("{text}")]
    struct Told {
        text: &'static str,
        source: Option<Box<Told>>,
    }

    plain_debug!(Told);

    fn of(texts: &[&'static str]) -> String {
        let outer = texts.iter().rev().fold(None, |source, text| Some(Box::new(Told { text, source })));
        format!("{:?}", outer.unwrap())
    }

    #[test]
    fn sources_are_told_where_they_say_something_new() {
        assert_eq!(of(&["alone"]), "alone");
        assert_eq!(of(&["above", "below", "at the bottom"]), "above: below: at the bottom");
        assert_eq!(of(&["above: below", "below"]), "above: below");
        let lost = [
            "it conflicts: run it again",
            "db error",
            "ERROR: could not serialize\nDETAIL: Key (x)=(secret)",
        ];
        assert_eq!(of(&lost), "it conflicts: run it again: could not serialize");
    }
}
