//! `projector keys generate`.

use session_ledger::token::KeyRing;

use super::{bare_projector, stderr, stdout};

#[test]
fn a_generated_entry_is_a_key_ring_and_never_the_same() {
    let entries: Vec<String> = (0..3).map(|_| generate(&[]).0).collect();
    for entry in &entries {
        let ring = KeyRing::parse(entry).unwrap();
        assert!(entry.starts_with("primary ") && entry.ends_with('\n') && entry.lines().count() == 1);
        assert!(format!("{ring:?}").contains("Primary"));
    }
    let words = |nth| entries.iter().map(move |entry| entry.split_whitespace().nth(nth).unwrap());
    for nth in [1, 2] {
        let distinct: std::collections::HashSet<_> = words(nth).collect();
        assert_eq!(distinct.len(), entries.len());
    }
}

#[test]
fn every_state_can_be_asked_for_and_has_its_advice() {
    let (primary, _) = generate(&["--state", "primary"]);
    for (state, advice) in [
        ("primary", "A key ring has exactly one primary key."),
        ("accept-only", "Add it to the key ring of every process."),
        ("accept-old", "A new key in this state seals nothing."),
        ("retired", "A new key in this state seals nothing."),
    ] {
        let (entry, notes) = generate(&["--state", state]);
        assert!(entry.starts_with(&format!("{state} ")), "{entry}");
        assert!(notes.starts_with("This line is a secret: ") && notes.contains(advice), "{notes}");
        let ring = if state == "primary" { entry } else { format!("{primary}{entry}") };
        assert!(KeyRing::parse(&ring).is_ok());
    }
}

#[test]
fn a_key_is_on_standard_output_alone() {
    let (entry, notes) = generate(&[]);
    for word in entry.split_whitespace().skip(1) {
        assert!(!notes.contains(word), "the notes repeat a part of the key");
    }
}

#[test]
fn an_unknown_state_is_refused() {
    let output = bare_projector().args(["keys", "generate", "--state", "secondary"]).output().unwrap();
    assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()));
    let told = stderr(&output);
    assert!(told.contains("[possible values: accept-only, primary, accept-old, retired]"), "{told}");
}

/// The entry and the notes.
fn generate(arguments: &[&str]) -> (String, String) {
    let output = bare_projector().args(["keys", "generate"]).args(arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    (stdout(&output), stderr(&output))
}
