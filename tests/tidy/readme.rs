//! The README promises what is in the tree.

use crate::refuse;
use crate::tree::file;

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
