//! The README promises what is in the tree, and no documentation links to what is not beside it.

use std::path::Path;

use crate::refuse;
use crate::tree::{file, files, rust_files};

/// The longest program that still fits on a screen.
const PROGRAM_LINES: usize = 40;

#[test]
fn the_program_of_the_readme_is_the_example() {
    let readme = file("README.md").expect("there is a README");
    let example = file("examples/hello.rs").expect("the README's program is an example");
    let (_, program) = example.text.split_once('\n').expect("its first line is its documentation");
    let mut offences = Vec::new();
    if !readme.text.contains(&format!("```rust,no_run\n{program}```\n")) {
        offences.push(readme.at(1, "the program differs from examples/hello.rs; copy it from there"));
    }
    if program.lines().count() > PROGRAM_LINES {
        offences.push(example.at(PROGRAM_LINES, "the README's program has at most 40 lines"));
    }
    refuse(&offences);
}

#[test]
fn the_test_command_of_the_readme_is_the_one_that_ci_runs() {
    let command = "cargo test --workspace --locked";
    let mut offences = Vec::new();
    for path in ["README.md", ".ci/run"] {
        let file = file(path).expect("it is there");
        if !file.text.contains(command) {
            offences.push(file.at(1, &format!("it does not run `{command}`")));
        }
    }
    refuse(&offences);
}

#[test]
fn a_link_of_a_page_leads_to_a_file() {
    let mut offences = Vec::new();
    for page in files().iter().filter(|page| page.path.ends_with(".md")) {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(&page.path);
        for (line, target) in links(&page.text).filter(|(_, target)| is_of_file(target)) {
            let target = target.split('#').next().unwrap_or(target);
            if !folder.with_file_name(target).exists() {
                offences.push(page.at(line, &format!("{target} is not there; mend the link")));
            }
        }
    }
    refuse(&offences);
}

/// The pages of rustdoc lie elsewhere: a link of a comment that leads to a file is dead there, and rustdoc
/// does not say so. The README was the front page, with seven of them.
#[test]
fn a_comment_links_to_names_and_to_the_web_only() {
    let mut offences = Vec::new();
    for (file, _) in rust_files().filter(|(file, _)| file.is_under(&["src", "projector/src"])) {
        let comments = file.text.lines().map(|line| match line.trim_start() {
            comment if comment.starts_with("//!") || comment.starts_with("///") => comment,
            page if page.starts_with("#![doc = include_str!") && page.contains(".md\"") => "](page.md)",
            _ => "",
        });
        let comments = comments.collect::<Vec<_>>().join("\n");
        offences.extend(links(&comments).filter(|(_, target)| is_of_file(target)).map(|(line, target)| {
            file.at(line, &format!("{target} is not beside rustdoc's pages; name the file without a link"))
        }));
    }
    refuse(&offences);
}

/// The targets of a text's links, with their lines.
fn links(text: &str) -> impl Iterator<Item = (usize, &str)> {
    (1..).zip(text.lines()).flat_map(|(number, line)| {
        let targets = line.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        targets.map(move |target| (number, target))
    })
}

/// Whether a target is neither on the web, nor on the same page, nor a name of the code.
fn is_of_file(target: &str) -> bool {
    let is_elsewhere = target.contains("://") || target.starts_with('#') || target.contains("::");
    !is_elsewhere && (target.contains('/') || target.contains('.') || target.starts_with("LICENSE"))
}

#[test]
fn a_link_to_a_file_is_told_from_one_to_a_name() {
    assert!(["ARCHITECTURE.md", "examples/shop", "LICENSE-MIT"].iter().all(|target| is_of_file(target)));
    let others = ["https://docs.rs/poem", "#roles", "crate::web", "Self::new", "super"];
    assert!(!others.iter().any(|target| is_of_file(target)));
    let found: Vec<_> = links("a [b](c.md)\n[d](e) and [f](g/h)").collect();
    assert_eq!(found, [(1, "c.md"), (2, "e"), (2, "g/h")]);
}
