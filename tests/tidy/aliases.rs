//! The guide for those who come from other libraries: what it names is there, and each old name of its table
//! is an alias by which rustdoc's search finds the new one.

use std::collections::{BTreeMap, BTreeSet};

use crate::{refuse, tree};

const GUIDE: &str = "docs/COMING_FROM.md";

/// A row of the table of names: the new one, and the old ones.
struct Row {
    line: usize,
    new: String,
    old: Vec<String>,
}

#[test]
fn each_old_name_of_the_guide_is_an_alias_of_the_new_one() {
    let (aliases, public) = (aliases(), tree::file("tests/tidy/public_names.txt").expect("a list"));
    let mut offences = Vec::new();
    let guide = tree::file(GUIDE).expect("the guide is there");
    let rows = rows(&guide.text);
    assert!(rows.len() > 20, "the table of names is read: {} rows", rows.len());
    for Row { line, new, old } in rows {
        if !public.text.lines().any(|name| name.ends_with(&format!("::{new}"))) {
            offences.push(guide.at(line, &format!("`{new}` is no public name")));
        }
        let known = aliases.get(&new);
        for name in old {
            let is_same = new.rsplit("::").next() == Some(&name);
            if !is_same && !known.is_some_and(|known| known.contains(&name)) {
                let what = format!("`{new}` has no `#[doc(alias(\"{name}\"))]`");
                offences.push(guide.at(line, &what));
            }
        }
    }
    refuse(&offences);
}

/// The rows of the first table.
fn rows(guide: &str) -> Vec<Row> {
    let lines = guide.lines().enumerate().skip_while(|(_, line)| !line.starts_with("|---"));
    let table = lines.skip(1).take_while(|(_, line)| line.starts_with('|'));
    let row = |(at, line): (usize, &str)| {
        let mut cells = line.trim_matches('|').split('|');
        let new = names(cells.next().unwrap_or_default()).pop()?;
        Some(Row { line: at + 1, new, old: cells.flat_map(names).collect() })
    };
    table.filter_map(row).collect()
}

/// The names in a cell, in code: paths and words, and nothing that has other signs.
fn names(cell: &str) -> Vec<String> {
    let quoted = cell.split('`').skip(1).step_by(2);
    let is_name = |text: &&str| text.chars().all(|sign| sign.is_alphanumeric() || "_:".contains(sign));
    quoted.filter(is_name).map(str::to_owned).collect()
}

/// The aliases of each item, by `Type` or `Type::method`.
fn aliases() -> BTreeMap<String, BTreeSet<String>> {
    let mut found: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (file, _) in tree::rust_files().filter(|(file, _)| file.is_under(&["src"])) {
        let (mut owner, mut waiting) = (String::new(), BTreeSet::new());
        for line in file.text.lines() {
            if let Some(rest) = line.strip_prefix("impl ") {
                owner = word(rest).to_owned();
            }
            let line = line.trim_start();
            if let Some(list) = line.strip_prefix("#[doc(alias(") {
                waiting.extend(list.split('"').skip(1).step_by(2).map(str::to_owned));
            } else if let Some(rest) = line.strip_prefix("pub struct ") {
                found.entry(word(rest).to_owned()).or_default().append(&mut waiting);
            } else if let Some(rest) = line.strip_prefix("pub fn ").or(line.strip_prefix("pub async fn ")) {
                found.entry(format!("{owner}::{}", word(rest))).or_default().append(&mut waiting);
            }
        }
        assert!(waiting.is_empty(), "{}: aliases {waiting:?} of no item", file.path);
    }
    found
}

/// The word at the beginning of a text.
fn word(text: &str) -> &str {
    text.split(|sign: char| !sign.is_alphanumeric() && sign != '_').next().unwrap_or_default()
}

#[test]
fn the_table_is_read_as_it_is_written() {
    let table =
        "text\n\n| here | a | b |\n|---|---|---|\n| `T::new` | `old`, the same | `x[…]` |\n\n| `U` |\n";
    let rows = rows(table);
    let [Row { line: 5, new, old }] = &rows[..] else { panic!("{} rows", rows.len()) };
    assert_eq!((new.as_str(), &old[..]), ("T::new", &["old".to_owned()][..]));
}
