//! Statements as they are sent: without the comments that explain them in their files.

/// The statement behind the comment that its file opens with. A comment in the text would travel with the
/// statement, stay in the server's memory with each prepared copy, and fill its log with every refusal.
/// Evaluated when the library is compiled.
pub(crate) const fn bare(text: &'static str) -> &'static str {
    let mut rest = text;
    while let [b'-', b'-', line @ ..] = rest.as_bytes() {
        let mut after = line;
        while let [byte, others @ ..] = after {
            after = others;
            if *byte == b'\n' {
                break;
            }
        }
        rest = rest.split_at(rest.len() - after.len()).1;
    }
    rest.trim_ascii()
}

#[test]
fn a_statement_is_sent_without_its_header() {
    assert_eq!(bare("-- Reads.\n-- No row: never.\nbegin $1,\n       $2\n"), "begin $1,\n       $2");
    assert_eq!(bare("commit - -1"), "commit - -1");
    assert_eq!(bare("-- Grüße\nfetch 'ü'"), "fetch 'ü'");
    for nothing in ["", "--", "-- Reads.", "-- Reads.\n"] {
        assert_eq!(bare(nothing), "");
    }
}
