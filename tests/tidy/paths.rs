//! The paths that a Rust file names: `use` trees written out leaf by leaf, and the paths inside expressions.

/// A path as the file names it, such as `crate::store::Pool`.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) line: usize,
    pub(crate) path: String,
    /// The name that a `pub use` brings out: the alias where there is one.
    pub(crate) exported: Option<String>,
}

/// A word, `::`, or one sign.
pub(crate) struct Token<'a> {
    pub(crate) line: usize,
    pub(crate) text: &'a str,
}

/// The tokens of masked code.
pub(crate) fn tokens(code: &str) -> Vec<Token<'_>> {
    let mut found = Vec::new();
    for (row, mut rest) in code.lines().enumerate() {
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !is_word(c)).unwrap_or(rest.len());
            let length = if rest.starts_with("::") { 2 } else { word.max(first.len_utf8()) };
            let (text, after) = rest.split_at(length);
            if !text.trim().is_empty() {
                found.push(Token { line: row + 1, text });
            }
            rest = after;
        }
    }
    found
}

/// Every path of masked code.
pub(crate) fn named(code: &str) -> Vec<Named> {
    let mut reader = Reader { tokens: tokens(code), at: 0, found: Vec::new() };
    while reader.at < reader.tokens.len() {
        if reader.text(0) == "use" && is_path_start(reader.text(1)) {
            let public = reader.at > 0 && reader.tokens[reader.at - 1].text == "pub";
            reader.at += 1;
            reader.tree("", public);
        } else if is_name(reader.text(0)) {
            reader.chain();
        } else {
            reader.at += 1;
        }
    }
    reader.found
}

struct Reader<'a> {
    tokens: Vec<Token<'a>>,
    at: usize,
    found: Vec<Named>,
}

impl<'a> Reader<'a> {
    fn text(&self, ahead: usize) -> &'a str {
        self.tokens.get(self.at + ahead).map_or("", |token| token.text)
    }

    /// One branch of a `use` tree. Stops at the `,`, `}` or `;` behind it.
    fn tree(&mut self, prefix: &str, public: bool) {
        let mut path = prefix.to_owned();
        let line = self.tokens.get(self.at).map_or(0, |token| token.line);
        loop {
            match self.text(0) {
                "::" => {}
                "{" => return self.branches(&path, public),
                "*" => join(&mut path, "*"),
                word if is_name(word) && word != "as" => join(&mut path, word),
                _ => break,
            }
            self.at += 1;
        }
        let last = path.rsplit("::").next().unwrap_or("").to_owned();
        let alias = if self.text(0) == "as" { self.text(1).to_owned() } else { last };
        while !matches!(self.text(0), "" | "," | "}" | ";") {
            self.at += 1;
        }
        self.found.push(Named { line, path, exported: public.then_some(alias) });
    }

    fn branches(&mut self, path: &str, public: bool) {
        while matches!(self.text(0), "{" | ",") {
            self.at += 1;
            if self.text(0) != "}" {
                self.tree(path, public);
            }
        }
        self.at += 1;
    }

    /// A path in an expression, a type or an attribute; a single word is one too.
    fn chain(&mut self) {
        let mut path = self.text(0).to_owned();
        let line = self.tokens[self.at].line;
        self.at += 1;
        while self.text(0) == "::" && is_name(self.text(1)) {
            join(&mut path, self.text(1));
            self.at += 2;
        }
        self.found.push(Named { line, path, exported: None });
    }
}

/// Whether `path` is `prefix` or lies below it.
pub(crate) fn is_within(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
}

fn join(path: &mut String, segment: &str) {
    // `a::{self}` names `a`.
    if segment == "self" && !path.is_empty() {
        return;
    }
    if !path.is_empty() {
        path.push_str("::");
    }
    path.push_str(segment);
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

pub(crate) fn is_name(text: &str) -> bool {
    text.chars().next().is_some_and(|c| c.is_alphabetic() || c == '_')
}

fn is_path_start(text: &str) -> bool {
    is_name(text) || matches!(text, "::" | "{")
}

#[test]
fn a_use_tree_is_written_out_leaf_by_leaf() {
    let code = "pub use a::{self, b::{C, D as E},\n f::*};\nuse ::g;\npub(crate) use h::I as J;";
    let found: Vec<_> = named(code)
        .into_iter()
        .map(|name| (name.line, name.path, name.exported.unwrap_or_default()))
        .collect();
    let expected = [
        (1, "pub", ""),
        (1, "a", "a"),
        (1, "a::b::C", "C"),
        (1, "a::b::D", "E"),
        (2, "a::f::*", "*"),
        (3, "g", ""),
        (4, "pub", ""),
        (4, "crate", ""),
        (4, "h::I", ""),
    ];
    assert_eq!(found, expected.map(|(line, path, name)| (line, path.to_owned(), name.to_owned())));
}

#[test]
fn a_path_in_an_expression_is_found_also_behind_a_turbofish() {
    let found = named("let x = Vec::<crate::store::Pool>::new(std :: time :: Instant::now());");
    for path in ["crate::store::Pool", "std::time::Instant::now"] {
        assert!(found.iter().any(|name| name.path == path), "{path} is missing from {found:?}");
    }
}

#[test]
fn a_longer_word_is_not_within_a_shorter_one() {
    assert!(is_within("crate::store", "crate::store") && is_within("crate::store::Pool", "crate::store"));
    assert!(!is_within("crate::storefront", "crate::store") && !is_within("poems::a", "poem"));
}
