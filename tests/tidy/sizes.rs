//! Files, functions, comments and the crate's root stay small enough to be read, and every file says what it
//! is.

use crate::paths::{Token, is_name, tokens};
use crate::refuse;
use crate::tree::{File, Rust, file, files, rust_files};

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 70;
const COMMENT_COLUMNS: usize = 110;
const ROOT_LINES: usize = 120;
const ROOT_NAMES: usize = 12;

#[test]
fn no_rust_file_is_longer_than_400_lines() {
    let long =
        rust_files().map(|(file, _)| (file, file.text.lines().count())).filter(|(_, n)| *n > FILE_LINES);
    let offences: Vec<_> = long
        .map(|(file, n)| file.at(FILE_LINES + 1, &format!("{n} lines; split the file by noun")))
        .collect();
    refuse(&offences);
}

#[test]
fn no_function_is_longer_than_70_lines() {
    let instead = "lines; keep the flow here and move the leaves into functions of their own";
    let offences: Vec<_> = rust_files()
        .flat_map(|(file, rust)| {
            let long =
                functions(&rust.masked.code).into_iter().filter(|function| function.lines > FUNCTION_LINES);
            long.map(|f| file.at(f.line, &format!("`{}` has {} {instead}", f.name, f.lines)))
        })
        .collect();
    refuse(&offences);
}

#[test]
fn no_comment_is_wider_than_110_columns() {
    let folders = ["src", "projector", "tests", "benches", "examples", "schema"];
    let advice = "wrap the comment, or say it in fewer words";
    let offences: Vec<_> = files()
        .iter()
        .filter(|file| file.is_under(&folders))
        .flat_map(|file| wide_comments(file).into_iter().map(move |(line, n)| (file, line, n)))
        .map(|(file, line, n)| file.at(line, &format!("a comment ends at column {n}; {advice}")))
        .collect();
    refuse(&offences);
}

#[test]
fn every_rust_file_opens_with_its_documentation() {
    let offences: Vec<_> = rust_files()
        .filter(|(file, _)| !opens_with_documentation(&file.text))
        .map(|(file, _)| {
            file.at(1, "say at the top, after `//!`, what this file is and what is not its business")
        })
        .collect();
    refuse(&offences);
}

#[test]
fn the_root_is_a_table_of_contents() {
    let root = file("src/lib.rs").expect("src/lib.rs is the root of the library");
    let names = root.rust.iter().flat_map(|rust| &rust.names);
    let exported: Vec<_> = names.filter_map(|name| Some((name.line, name.exported.clone()?))).collect();
    let mut offences = Vec::new();
    if root.text.lines().count() > ROOT_LINES {
        offences.push(
            root.at(ROOT_LINES + 1, "the root has at most 120 lines; move code and essays to their nouns"),
        );
    }
    if let Some((line, name)) = exported.get(ROOT_NAMES) {
        offences.push(
            root.at(*line, &format!("`{name}` is name 13 at the root; export it from a public module")),
        );
    }
    let globs = exported.iter().filter(|(_, name)| name == "*");
    offences
        .extend(globs.map(|(line, _)| root.at(*line, "name what the root exports: a glob can't be counted")));
    refuse(&offences);
}

#[test]
fn every_crate_of_the_tree_refuses_unsafe_code() {
    let mut offences = Vec::new();
    // A workspace's manifest without a package has no code.
    let is_crate = |text: &str| text.contains("[package]\n");
    let manifests = files().iter().filter(|file| file.path.ends_with("Cargo.toml") && is_crate(&file.text));
    for manifest in manifests.filter(|file| !file.is_under(&["benches"])) {
        let inherits = manifest.text.contains("[lints]\nworkspace = true");
        if !inherits {
            offences.push(manifest.at(1, "add `[lints]` with `workspace = true`: it forbids unsafe code"));
        }
    }
    refuse(&offences);
}

/// The lines with a comment that are too wide, each with its width in characters from the start of the line.
fn wide_comments(file: &File) -> Vec<(usize, usize)> {
    let commented: Vec<usize> = match &file.rust {
        Some(rust) => rust.masked.comments.clone(),
        None if file.path.ends_with(".sql") => {
            let lines = (1..).zip(file.text.lines());
            lines.filter(|(_, text)| text.contains("--")).map(|(line, _)| line).collect()
        }
        None => Vec::new(),
    };
    let lines: Vec<&str> = file.text.lines().collect();
    let width = |line: usize| (line, lines[line - 1].chars().count());
    commented.into_iter().map(width).filter(|(_, width)| *width > COMMENT_COLUMNS).collect()
}

/// A function with a body.
struct Function {
    name: String,
    line: usize,
    lines: usize,
}

fn functions(code: &str) -> Vec<Function> {
    let tokens = tokens(code);
    let starts = (0..tokens.len()).filter(|at| tokens[*at].text == "fn");
    starts.filter_map(|at| function(&tokens[at..])).collect()
}

/// The function whose `fn` comes first; `None` for a pointer's type and for a declaration without a body.
fn function(tokens: &[Token<'_>]) -> Option<Function> {
    let name = tokens.get(1).filter(|token| is_name(token.text))?;
    let last = body_end(tokens)?;
    Some(Function { name: name.text.to_owned(), line: tokens[0].line, lines: last - tokens[0].line + 1 })
}

/// The line of the brace that closes the body: a `;` outside of all brackets says that there is none.
fn body_end(tokens: &[Token<'_>]) -> Option<usize> {
    let (mut braces, mut others) = (0, 0);
    for token in tokens {
        match token.text {
            "(" | "[" => others += 1,
            ")" | "]" => others -= 1,
            "{" => braces += 1,
            "}" if braces == 1 => return Some(token.line),
            "}" => braces -= 1,
            ";" if braces == 0 && others == 0 => return None,
            _ => {}
        }
    }
    None
}

/// Whether `//!` comes first: attributes for the whole file may stand before it.
fn opens_with_documentation(text: &str) -> bool {
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty());
    let first = lines.find(|line| !line.starts_with("#![") || !line.ends_with(']'));
    first.is_some_and(|line| line.strip_prefix("//!").is_some_and(|said| said.trim().len() > 1))
}

#[test]
fn a_function_is_measured_from_its_name_to_its_last_brace() {
    let code = "trait T { fn declared(&self, a: [u8; 2]) -> u8; }\nfn measured<F: Fn(fn(u8))>(\n  f: F,\n) where F: Copy\n{\n  if a {\n  }\n}\n";
    let found: Vec<_> = functions(code).into_iter().map(|f| (f.name, f.line, f.lines)).collect();
    assert_eq!(found, [("measured".to_owned(), 2, 7)]);
}

#[test]
fn a_long_function_in_a_short_one_is_measured_by_itself() {
    let code = format!("fn outer() {{\nfn inner() {{\n{}}}\n}}\n", "call();\n".repeat(70));
    let found: Vec<_> = functions(&code).into_iter().map(|f| (f.name, f.lines)).collect();
    assert_eq!(found, [("outer".to_owned(), 74), ("inner".to_owned(), 72)]);
}

#[test]
fn a_comment_is_measured_in_characters_from_the_start_of_its_line() {
    let wide = |path: &str, text: String| {
        let rust = path.ends_with(".rs").then(|| Rust::read(&text));
        wide_comments(&File { path: path.to_owned(), text, rust })
    };
    let (fits, over) = ("ä".repeat(107), "ä".repeat(108));
    assert_eq!(wide("a.rs", format!("// {fits}\n// {over}\n    //! {over}\n")), [(2, 111), (3, 116)]);
    let trailing = format!("f(\"// {over}\");\nf(\"{}\"); // g\n", "a".repeat(100));
    assert_eq!(wide("a.rs", trailing), [(2, 111)]);
    assert_eq!(wide("a.sql", format!("-- {over}\nselect '{over}'\n")), [(1, 111)]);
    assert_eq!(wide("a.md", format!("-- {over}\n")), []);
}

#[test]
fn documentation_may_follow_attributes_but_not_code() {
    assert!(opens_with_documentation("#![allow(dead_code)]\n\n//! What this is.\n"));
    assert!(!opens_with_documentation("use std::fmt;\n//! Too late.\n"));
    assert!(!opens_with_documentation("//!\nfn main() {}\n") && !opens_with_documentation(""));
}
