//! The text of a key ring: accepted forms, and the error messages.

use session_ledger::token::{KeyRing, KeyState};

use super::{entry, mint, opens, sealer};

const A: &str = "0a0a0a0a ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";
const B: &str = "0b0b0b0b AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

#[test]
fn comments_blank_lines_and_any_spaces_are_allowed() {
    let text =
        format!("# our keys; not for others\n\n\t primary   {A}  # since March\r\n  #{B}\naccept-old\t{B}\n");
    assert_eq!(states(&text), "KeyRing {0a0a0a0a: Primary, 0b0b0b0b: AcceptOld}");
}

#[test]
fn semicolons_separate_entries_in_one_line() {
    let text = format!("accept-only {B}; primary {A};");
    assert_eq!(states(&text), "KeyRing {0a0a0a0a: Primary, 0b0b0b0b: AcceptOnly}");
}

#[test]
fn a_key_id_may_have_capitals() {
    let text = "primary 0A0B0C0D ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";
    assert_eq!(states(text), "KeyRing {0a0b0c0d: Primary}");
}

#[test]
fn a_generated_entry_of_each_state_is_an_entry() {
    let others = [KeyState::AcceptOnly, KeyState::AcceptOld, KeyState::Retired].map(entry);
    let text = format!("{}\n{}", entry(KeyState::Primary), others.join("\n"));
    assert!(KeyRing::parse(&text).is_ok());
    let sealer = sealer(&text);
    assert!(opens(&sealer, mint(&sealer).expose()));
}

#[test]
fn a_ring_is_read_from_its_text_as_any_other_value_is() {
    let text = format!("accept-only {B}; primary {A}");
    let ring: KeyRing = text.parse().unwrap();
    assert_eq!(format!("{ring:?}"), states(&text));
    assert_eq!("".parse::<KeyRing>().unwrap_err(), KeyRing::parse("").unwrap_err());
}

#[test]
fn each_state_reads_back_from_its_word() {
    for state in [KeyState::AcceptOnly, KeyState::Primary, KeyState::AcceptOld, KeyState::Retired] {
        assert_eq!(state.to_string().parse(), Ok(state));
    }
    let error = "Primary".parse::<KeyState>().unwrap_err();
    assert_eq!(
        error.to_string(),
        "The state of a key is one of accept-only, primary, accept-old and retired."
    );
}

#[test]
fn a_ring_seals_with_exactly_one_key() {
    let none = "The key ring has no primary key; exactly one key must be primary, to seal new tokens.";
    refused("", none);
    refused("# primary 0a0a0a0a ...\n\n;;", none);
    refused(&format!("accept-only {A}\nretired {B}"), none);
    refused(
        &format!("primary {A}\n\nprimary {B}"),
        "The key ring has two primary keys, at line 1 and at line 3; \
         exactly one key may seal, so make one of them accept-only or accept-old.",
    );
}

#[test]
fn an_entry_has_three_words() {
    let message = |found| {
        format!(
            "The key ring is wrong at line 2: an entry has 3 words, a state, a key id and a master, and maybe \
             not-after= with a time, but this one has {found}."
        )
    };
    refused("\nprimary", &message(1));
    refused("\nprimary 0a0a0a0a", &message(2));
    refused(&format!("\nprimary {A} {B}"), &message(5));
}

#[test]
fn a_key_may_have_a_last_moment_in_whole_seconds() {
    let ring = KeyRing::parse(&format!(
        "primary {A}; accept-old {B} not-after=2027-06-30T02:00:00+02:00 # the end of the quarter"
    ));
    let ends: Vec<String> = ring.unwrap().ends().map(|(id, end)| format!("{id} {end} {end:?}")).collect();
    assert_eq!(ends, ["0b0b0b0b 2027-06-30T00:00:00Z 2027-06-30T00:00:00Z"]);
    let message = "The key ring is wrong at line 1: what follows the master of the key 0a0a0a0a must be not-after= and \
                   a time, such as not-after=2027-06-30T00:00:00Z, in whole seconds.";
    let words = [
        "2028-06-30T00:00:00Z",
        "not-after=",
        "not-after=2028-06-30",
        "not-after=2028-06-30T00:00:00",
        "not-after=2028-06-31T00:00:00Z",
        "not-after=2028-06-30T00:00:00.5Z",
        "Not-After=2028-06-30T00:00:00Z",
        "not-after=9999-12-31T23:59:59-01:00",
    ];
    for word in words {
        refused(&format!("primary {A} {word}"), message);
    }
}

#[test]
fn a_state_is_one_of_four_words() {
    let message = "The key ring is wrong at line 1: the first word must be one of \
                   accept-only, primary, accept-old and retired.";
    for state in ["secondary", "Primary", "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8", "\u{feff}primary"] {
        refused(&format!("{state} {A}"), message);
    }
}

#[test]
fn a_key_id_is_eight_hexadecimal_digits() {
    let message = "The key ring is wrong at line 1, entry 2: the second word, the key id, \
                   must be 8 hexadecimal digits.";
    for id in ["0a0a0a0", "0a0a0a0a0", "0a0a0a0a0a", "0a0a0a0g", "0x0a0a0a", "ICEiIyQlJicoKSorLC0uLzAxMjM"] {
        refused(&format!("primary {A}; accept-old {id} AAEC"), message);
    }
}

#[test]
fn a_master_that_is_too_short_or_too_long_is_measured() {
    for (master, found) in [("AAECAwQFBgcICQoLDA0ODw", 16), ("AA", 1), (&"AQID".repeat(11), 33)] {
        refused(
            &format!("primary 0a0a0a0a {master}"),
            &format!(
                "The key ring is wrong at line 1: the master of the key 0a0a0a0a has {found} bytes and needs 32; \
                 take a line that was generated."
            ),
        );
    }
}

#[test]
fn a_master_is_canonical_base64url_without_padding() {
    let masters = [
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8=", // padded
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj9",  // spare bits that are not zero
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj-",
        "++//IyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8", // the standard alphabet
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8AA", // a length that no bytes have
        "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pé",
    ];
    for master in masters {
        refused(
            &format!("primary 0a0a0a0a {master}"),
            "The key ring is wrong at line 1: the master of the key 0a0a0a0a is not base64url without padding \
             (only A-Z, a-z, 0-9, - and _, and no = at the end); take a line that was generated.",
        );
    }
}

/// A placeholder must not work (CWE-1188).
#[test]
fn a_master_of_zeros_is_no_key() {
    refused(
        &format!("primary 0a0a0a0a {}", "A".repeat(43)),
        "The key ring is wrong at line 1: the master of the key 0a0a0a0a is all zeros; \
         take a line that was generated.",
    );
}

#[test]
fn each_key_has_its_own_id_and_master() {
    let (_, a) = A.split_once(' ').unwrap();
    let (_, b) = B.split_once(' ').unwrap();
    refused(
        &format!("primary {A}\nretired 0A0A0A0A {b}"),
        "The key ring is wrong at line 2: the key id 0a0a0a0a is already that of line 1; each key needs its own.",
    );
    refused(
        &format!("primary {A}\nretired 0b0b0b0b {a}"),
        "The key ring is wrong at line 2: the key 0b0b0b0b has the same master as line 1; \
         each key needs its own.",
    );
}

fn states(text: &str) -> String {
    format!("{:?}", KeyRing::parse(text).unwrap())
}

/// Asserts the message, and that it repeats no word of the text that could be a master key.
fn refused(text: &str, message: &str) {
    let error = KeyRing::parse(text).unwrap_err();
    assert_eq!(error.to_string(), message, "for {text:?}");
    let shown = format!("{error} {error:?}");
    for word in text.split_whitespace().filter(|word| word.len() > 16) {
        assert!(!shown.contains(word), "{word} is shown");
    }
}
