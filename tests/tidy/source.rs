//! The code of a Rust file, told from its comments and its literals.
//!
//! No parser: the rules need to know only that a word in a comment is not an import, and that a brace in a
//! string opens no block.

/// A Rust file with its comments, strings and characters blanked. Offsets and lines are those of the
/// original.
pub(crate) struct Masked {
    pub(crate) code: String,
    /// The string literals, in order.
    pub(crate) strings: Vec<Literal>,
    /// The lines on which a comment stands, alone or behind code; of a block comment its first line.
    pub(crate) comments: Vec<usize>,
}

/// A string literal.
pub(crate) struct Literal {
    /// Where its opening quote stands, in bytes.
    pub(crate) start: usize,
    pub(crate) line: usize,
    /// As it is written: escapes are not resolved.
    pub(crate) text: String,
}

/// Blanks everything that is not code.
pub(crate) fn mask(text: &str) -> Masked {
    let code = String::with_capacity(text.len());
    let mut reader = Reader { text, at: 0, line: 1, code, strings: Vec::new(), comments: Vec::new() };
    while reader.at < text.len() {
        reader.step();
    }
    Masked { code: reader.code, strings: reader.strings, comments: reader.comments }
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    line: usize,
    code: String,
    strings: Vec<Literal>,
    comments: Vec<usize>,
}

impl Reader<'_> {
    fn step(&mut self) {
        let rest = &self.text[self.at..];
        if rest.starts_with("//") {
            self.comments.push(self.line);
            self.blank(rest.find('\n').unwrap_or(rest.len()));
        } else if rest.starts_with("/*") {
            self.comments.push(self.line);
            self.blank(block_comment(rest));
        } else if let Some(hashes) = self.raw_hashes(rest) {
            let close = format!("\"{}", "#".repeat(hashes));
            let open = hashes + 2;
            let inside = rest[open..].find(&close).unwrap_or(rest.len() - open);
            self.string(open, inside, close.len());
        } else if let Some(inside) = rest.strip_prefix('"') {
            self.string(1, string_inside(inside), 1);
        } else if let Some(length) = character(rest) {
            self.blank(length);
        } else {
            self.keep(rest.chars().next().map_or(1, char::len_utf8));
        }
    }

    /// The number of `#` of a raw string that starts here.
    fn raw_hashes(&self, rest: &str) -> Option<usize> {
        let after = rest.strip_prefix('r')?;
        let hashes = after.len() - after.trim_start_matches('#').len();
        let word = self.code.rsplit(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap_or("");
        (after[hashes..].starts_with('"') && matches!(word, "" | "b" | "c")).then_some(hashes)
    }

    fn string(&mut self, open: usize, inside: usize, close: usize) {
        let text = self.text[self.at + open..][..inside].to_owned();
        self.strings.push(Literal { start: self.at, line: self.line, text });
        self.blank((open + inside + close).min(self.text.len() - self.at));
    }

    fn keep(&mut self, length: usize) {
        let piece = &self.text[self.at..][..length];
        self.line += piece.matches('\n').count();
        self.code.push_str(piece);
        self.at += length;
    }

    fn blank(&mut self, length: usize) {
        let piece = &self.text[self.at..][..length];
        self.line += piece.matches('\n').count();
        self.code.extend(piece.bytes().map(|byte| if byte == b'\n' { '\n' } else { ' ' }));
        self.at += length;
    }
}

/// The length of the block comment at the start; they nest.
fn block_comment(rest: &str) -> usize {
    let (mut at, mut depth) = (0, 0);
    while at < rest.len() {
        let step = match rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (1, 2),
            [b'*', b'/', ..] => (-1, 2),
            _ => (0, 1),
        };
        depth += step.0;
        at += step.1;
        if depth == 0 {
            break;
        }
    }
    at
}

/// The number of bytes before the closing quote.
fn string_inside(rest: &str) -> usize {
    let mut escaped = false;
    let close = rest.find(|c| {
        let closes = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        closes
    });
    close.unwrap_or(rest.len())
}

/// The length of the character literal at the start; `None` for a lifetime.
fn character(rest: &str) -> Option<usize> {
    let inside = rest.strip_prefix('\'')?;
    if inside.starts_with('\\') {
        return inside.get(2..)?.find('\'').map(|close| close + 4);
    }
    let length = inside.chars().next()?.len_utf8();
    inside[length..].starts_with('\'').then_some(length + 2)
}

#[test]
fn comments_and_literals_are_blanked_and_code_is_kept() {
    let text = "let a = \"{ // \\\" }\"; // {\n/* { /* } */ { */ let b: &'a u8 = b'{'; let c = '\\''; let d = r#\"}\"\"#;\n";
    let masked = mask(text);
    assert_eq!(masked.code.len(), text.len());
    assert!(!masked.code.contains(['{', '}', '"']), "{}", masked.code);
    for kept in ["let a =", "let b: &'a u8", "let c =", "let d ="] {
        assert!(masked.code.contains(kept), "{kept} is gone from {}", masked.code);
    }
}

#[test]
fn comments_are_found_with_their_lines() {
    let text = "//! One.\nlet a = \"// none\";\n    /// Three.\nlet b = 1; // four\n/* five\nsix */";
    assert_eq!(mask(text).comments, [1, 3, 4, 5]);
}

#[test]
fn strings_are_found_with_their_lines() {
    let masked = mask("// \"no\"\nf(\"one\");\n\nf(r##\"two \"# \"##, br\"three\", 'x', \"a\\\\\", \"è\")");
    let found: Vec<_> = masked.strings.iter().map(|string| (string.line, string.text.as_str())).collect();
    assert_eq!(found, [(2, "one"), (4, "two \"# "), (4, "three"), (4, "a\\\\"), (4, "è")]);
}
