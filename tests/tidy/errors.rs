//! Errors are read: `main` prints the `Debug` of the error that it returns, so it is written for people.

use crate::paths::tokens;
use crate::refuse;
use crate::tree::rust_files;

#[test]
fn the_debug_of_every_error_is_its_message() {
    let mut offences = Vec::new();
    for (file, rust) in rust_files().filter(|(file, _)| file.is_under(&["src", "projector/src"])) {
        for line in errors_with_derived_debug(&rust.masked.code) {
            offences
                .push(file.at(line, "derive no `Debug` for an error; write `plain_debug!(Name)` below it"));
        }
    }
    refuse(&offences);
}

/// The lines of `derive(…)` that name both `Debug` and `Error`, and of errors that are none by `derive`.
fn errors_with_derived_debug(code: &str) -> Vec<usize> {
    let tokens = tokens(code);
    let mut lines = Vec::new();
    for (at, token) in tokens.iter().enumerate() {
        let rest = &tokens[at..];
        if token.text == "derive" {
            let derived: Vec<_> =
                rest.iter().take_while(|token| token.text != "]").map(|one| one.text).collect();
            if derived.contains(&"Debug") && derived.contains(&"Error") {
                lines.push(token.line);
            }
        }
    }
    let by_hand = code.lines().enumerate().filter(|(_, line)| line.contains("impl std::error::Error for "));
    lines.extend(by_hand.map(|(row, _)| row + 1));
    lines
}

#[test]
fn a_derived_debug_is_found() {
    let code = "#[derive(Clone, Debug, thiserror::Error)]\nenum A {}\n#[derive(Debug)]\nenum B {}\n\
                #[derive(thiserror::Error)]\nenum C {}\nimpl std::error::Error for B {}\nimpl Error {}";
    assert_eq!(errors_with_derived_debug(code), [1, 7]);
}
