//! Every token that this sealer has not made is refused (OWASP WSTG-SESS-01, ASVS 9.1.1 to 9.2.3).

use data_encoding::{BASE64, BASE64URL, BASE64URL_NOPAD};
use proptest::prelude::*;
use rand::rngs::SysRng;
use session_ledger::internals::{Sealer, TokenRejected};
use session_ledger::token::KeyState;

use super::{AUDIENCE, COOKIE, ID, entry, held, mint, moved, opens, ring, sealer, secret, witness};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const FOREIGN: &[u8] = b"+/=%.~\"'; \t\r\n\0\x7f\x80\xff";

#[test]
fn a_changed_character_is_refused_at_every_position() {
    let sealer = sealer(&entry(KeyState::Primary));
    let token = mint(&sealer);
    for position in 0..140 {
        let mut value = token.expose().as_bytes().to_vec();
        let original = value[position];
        for &character in ALPHABET.iter().chain(FOREIGN).filter(|&&character| character != original) {
            value[position] = character;
            assert!(!opens(&sealer, &value), "{character:#x} at {position} was accepted");
        }
    }
    assert!(opens(&sealer, token.expose()));
}

#[test]
fn a_changed_byte_is_refused_at_every_position() {
    let sealer = sealer(&entry(KeyState::Primary));
    let bytes = BASE64URL_NOPAD.decode(mint(&sealer).expose().as_bytes()).unwrap();
    for position in 0..105 {
        for change in 1..=255 {
            let mut forged = bytes.clone();
            forged[position] ^= change;
            let value = BASE64URL_NOPAD.encode(&forged);
            assert!(!opens(&sealer, &value), "byte {position} changed by {change:#x} was accepted");
        }
    }
}

#[test]
fn a_sealed_resend_with_a_changed_byte_is_refused_at_every_position() {
    let sealer = sealer(&entry(KeyState::Primary));
    let sealed = sealer.seal_resend(ID, &secret(), &held(), &mut SysRng).unwrap();
    for position in 0..sealed.len() {
        let mut forged = sealed.clone();
        forged[position] ^= 1;
        assert!(sealer.open_resend(ID, &forged, &held()).is_err(), "byte {position} was accepted");
    }
}

#[test]
fn a_token_cut_short_or_made_longer_is_refused() {
    let sealer = sealer(&entry(KeyState::Primary));
    let token = mint(&sealer).expose().to_owned();
    for length in 0..140 {
        assert!(!opens(&sealer, &token[..length]), "the first {length} characters were accepted");
        assert!(!opens(&sealer, &token[140 - length..]), "the last {length} characters were accepted");
    }
    for more in ["A", "=", "==", "AAAA", " ", "\n", "\0", &token] {
        assert!(!opens(&sealer, format!("{token}{more}")), "{more:?} behind the token was accepted");
        assert!(!opens(&sealer, format!("{more}{token}")), "{more:?} before the token was accepted");
    }
}

#[test]
fn a_frame_of_another_length_is_refused_in_a_resend() {
    let sealer = sealer(&entry(KeyState::Primary));
    let sealed = sealer.seal_resend(ID, &secret(), &held(), &mut SysRng).unwrap();
    (0..81).for_each(|length| assert!(sealer.open_resend(ID, &sealed[..length], &held()).is_err()));
    assert!(sealer.open_resend(ID, &[&sealed[..], &[0]].concat(), &held()).is_err());
    assert!(sealer.open_resend(ID, &sealed, &held()).is_ok());
}

#[test]
fn only_the_url_alphabet_without_padding_is_a_token() {
    let sealer = sealer(&entry(KeyState::Primary));
    // A token with neither - nor _ reads the same in both alphabets: take one that doesn't.
    let token = std::iter::repeat_with(|| mint(&sealer).expose().to_owned())
        .find(|token| token.contains(['-', '_']))
        .unwrap();
    let bytes = BASE64URL_NOPAD.decode(token.as_bytes()).unwrap();
    assert!(!opens(&sealer, BASE64.encode(&bytes)), "the standard alphabet was accepted");
    assert!(!opens(&sealer, format!("{token}=")), "padding was accepted");
    assert!(!opens(&sealer, BASE64URL.encode(&[&bytes[..], &[0]].concat())), "a longer frame was accepted");
    assert!(!opens(&sealer, format!("\"{token}\"")), "quotes were accepted");
    assert!(!opens(&sealer, token.replace('-', "%2D").replace('_', "%5F")), "percent-encoding was accepted");
}

#[test]
fn a_token_of_another_purpose_is_refused() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let sealed = sealer.seal_resend(ID, &secret, &held(), &mut SysRng).unwrap();
    assert!(!opens(&sealer, BASE64URL_NOPAD.encode(&sealed)), "a sealed resend was accepted as a cookie");
    let token = sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap();
    let bytes = BASE64URL_NOPAD.decode(token.expose().as_bytes()).unwrap();
    assert!(sealer.open_resend(ID, &bytes, &held()).is_err(), "a cookie was accepted as a sealed resend");
}

#[test]
fn a_token_of_another_cookie_or_audience_is_refused() {
    let key = entry(KeyState::Primary);
    let token = mint(&sealer(&key)).expose().to_owned();
    let others =
        [("__Host-admin", AUDIENCE), ("__host-session", AUDIENCE), (COOKIE, "blog.example"), (COOKIE, "")];
    for (cookie, audience) in others {
        let other = Sealer::new(ring(&key), cookie, audience);
        assert!(!opens(&other, &token), "accepted by {audience:?} in {cookie:?}");
    }
}

/// Without the lengths of the fields, both would authenticate the same bytes.
#[test]
fn a_cookie_name_cannot_reach_into_the_audience() {
    let key = entry(KeyState::Primary);
    let label = "session-ledger/v1/cookie";
    let minting = Sealer::new(ring(&key), "a", &format!("b{label}c"));
    let opening = Sealer::new(ring(&key), &format!("a{label}b"), "c");
    assert!(!opens(&opening, mint(&minting).expose()));
}

#[test]
fn a_token_of_another_key_is_refused() {
    let (key, other) = (entry(KeyState::Primary), entry(KeyState::Primary));
    let token = mint(&sealer(&key)).expose().to_owned();
    assert!(!opens(&sealer(&other), &token), "an unknown key id was accepted");
    // Another master under the same id, and the same master under another id.
    let (id, master) = (&key["primary ".len()..][..8], &other["primary ".len() + 9..]);
    assert!(!opens(&sealer(&format!("primary {id} {master}")), &token));
    let (id, master) = (&other["primary ".len()..][..8], &key["primary ".len() + 9..]);
    assert!(!opens(&sealer(&format!("primary {id} {master}")), &token));
}

#[test]
fn only_the_key_that_the_token_names_is_tried() {
    let (first, second) = (entry(KeyState::Primary), entry(KeyState::AcceptOld));
    let sealer = sealer(&format!("{first}\n{second}"));
    let mut bytes = BASE64URL_NOPAD.decode(mint(&sealer).expose().as_bytes()).unwrap();
    let second_id = &second[KeyState::AcceptOld.as_str().len() + 1..][..8];
    let second_id = data_encoding::HEXLOWER.decode(second_id.as_bytes()).unwrap();
    bytes[1..5].copy_from_slice(&second_id);
    assert!(!opens(&sealer, BASE64URL_NOPAD.encode(&bytes)));
}

#[test]
fn a_retired_key_opens_nothing() {
    let old = entry(KeyState::Primary);
    let token = mint(&sealer(&old)).expose().to_owned();
    let ring = format!("{}\n{}", entry(KeyState::Primary), moved(&old, KeyState::Retired));
    assert!(!opens(&sealer(&ring), &token));
}

#[test]
fn every_refusal_is_the_same_error() {
    let key = entry(KeyState::Primary);
    let sealer = sealer(&key);
    let token = mint(&sealer).expose().to_owned();
    let tampered = token.replacen(&token[100..101], if &token[100..101] == "A" { "B" } else { "A" }, 1);
    let foreign = mint(&super::sealer(&entry(KeyState::Primary)));
    for value in ["", "x", &tampered, foreign.expose()] {
        let rejected = sealer.open(value.as_bytes()).err().expect("refused");
        assert_eq!(rejected, TokenRejected);
        assert_eq!(rejected.to_string(), "The session token was rejected.");
        assert_eq!(format!("{rejected:?}"), "The session token was rejected.");
    }
}

proptest! {
    /// ASVS 11.2.5: no bytes make a panic, and none open without a key.
    #[test]
    fn no_bytes_open_without_the_key(value in prop::collection::vec(any::<u8>(), 0..256)) {
        let sealer = sealer(&entry(KeyState::Primary));
        prop_assert!(!opens(&sealer, &value));
        prop_assert!(!opens(&sealer, BASE64URL_NOPAD.encode(&value)));
        prop_assert!(sealer.open_resend(ID, &value, &held()).is_err());
    }

    #[test]
    fn no_text_of_the_right_length_opens_without_the_key(value in "[A-Za-z0-9_-]{140}") {
        prop_assert!(!opens(&sealer(&entry(KeyState::Primary)), value));
    }
}
