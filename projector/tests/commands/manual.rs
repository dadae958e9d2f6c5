//! `projector completions` and `projector man`.

use std::fs;
use std::io::Write;
use std::process::{Command, Stdio};

use super::{bare_projector, stderr, stdout};

const COMMANDS: [&str; 18] = [
    "migrate",
    "verify",
    "rebuild",
    "history",
    "sessions",
    "logins",
    "who",
    "state-at",
    "stats",
    "end",
    "sweep",
    "run",
    "archive",
    "retain",
    "relay",
    "epoch",
    "keys",
    "completions",
];

#[test]
fn each_shell_is_told_all_commands_and_their_arguments() {
    for shell in ["bash", "zsh", "fish"] {
        let output = bare_projector().args(["completions", shell]).output().unwrap();
        assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
        let script = stdout(&output);
        for word in COMMANDS.iter().chain(&["from-network", "ndjson", "ocsf", "--follow"]) {
            let is_said = script.contains(word.trim_start_matches("--"));
            assert!(is_said, "{word} is missing in the completions of {shell}");
        }
    }
    let unknown = bare_projector().args(["completions", "tcsh"]).output().unwrap();
    assert_eq!(unknown.status.code(), Some(2));
}

#[test]
fn bash_reads_its_completions() {
    let script = bare_projector().args(["completions", "bash"]).output().unwrap().stdout;
    let mut bash = Command::new("bash").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let ask = b"\nCOMP_WORDS=(projector st); COMP_CWORD=1; _projector projector st projector; echo \"${COMPREPLY[*]}\"\n";
    bash.stdin.take().unwrap().write_all(&[&script[..], ask].concat()).unwrap();
    let output = bash.wait_with_output().unwrap();
    assert_eq!(stdout(&output), "state-at stats\n");
}

#[test]
fn there_is_a_page_of_each_command() {
    let folder = tempfile::tempdir().unwrap();
    let pages = folder.path().join("man1");
    let output = bare_projector().args(["man", "--out", pages.to_str().unwrap()]).output().unwrap();
    assert_eq!((output.status.code(), stderr(&output)), (Some(0), String::new()));
    for command in COMMANDS {
        let page = fs::read_to_string(pages.join(format!("projector-{command}.1"))).unwrap();
        assert!(page.contains(&format!("projector\\-{}", command.replace('-', "\\-"))), "{command}: {page}");
    }
    let page = fs::read_to_string(pages.join("projector-history.1")).unwrap();
    assert!(page.contains("Example: projector history") && page.contains("\\-\\-follow"), "{page}");
    let count = fs::read_dir(&pages).unwrap().count();
    assert_eq!(stdout(&output), format!("Wrote {count} pages to {}.\n", pages.display()));
    let main = bare_projector().arg("man").output().unwrap();
    assert!(stdout(&main).contains(".TH projector 1") && stdout(&main).contains("Exit codes: 0 for yes"));
}

#[test]
fn a_folder_that_cannot_be_written_is_named() {
    let file = tempfile::NamedTempFile::new().unwrap();
    let output = bare_projector().args(["man", "--out", file.path().to_str().unwrap()]).output().unwrap();
    let told = format!("error: the output cannot be written: {}: ", file.path().display());
    assert!(output.status.code() == Some(2) && stderr(&output).starts_with(&told), "{}", stderr(&output));
}
