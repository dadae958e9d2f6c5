//! What a build of the library holds that nobody asked for.

use std::process::Command;

/// The crates that the library is built with, as its users build it.
fn crates(features: &[&str]) -> String {
    let mut tree = Command::new(env!("CARGO"));
    tree.args(["tree", "--offline", "--locked", "--package", "session-ledger", "--edges", "normal,build"]);
    let output =
        tree.args(["--prefix", "none"]).args(features).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("the names of crates")
}

#[test]
fn the_kit_for_tests_is_in_no_build_that_does_not_ask_for_it() {
    let holds =
        |features: &[&str]| crates(features).lines().any(|line| line.starts_with("private-postgres "));
    assert!(!holds(&[]), "the test kit's PostgreSQL is a part of every application");
    assert!(holds(&["--features", "test"]));
}
