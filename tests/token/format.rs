//! The token's layout, its randomness, sealing and opening.

use std::collections::HashSet;

use data_encoding::{BASE64URL_NOPAD, HEXLOWER};
use rand::rngs::SysRng;
use session_ledger::internals::Secret;
use session_ledger::session::SessionId;
use session_ledger::token::{KeyRing, KeyState, RandomnessError, SealError};

use super::generators::{Broken, Scripted};
use super::{ID, entry, held, mint, sealer, secret, witness};

/// Computed by another implementation (Python's `cryptography`) from the description in DESIGN.md.
const MASTER: &str = "ICEiIyQlJicoKSorLC0uLzAxMjM0NTY3ODk6Ozw9Pj8";
const TOKEN: &str = "AQoLDA3AwcLDxMXGx8jJysuDiPLac7HgmaslFr8UWm5wq3FXFzyry3aF_zcsvrZSo7-EJ17mouGTzYdQKGAaPhYvxMNwq4Py9R2Jqghuwc_tie7GwKlqJe4OkdDRhzQ0XnVl1E-paHUf";
const RESEND: &str = "AQoLDA3AwcLDxMXGx8jJysupDiq9bg3aV_-o-3zsVfgGOwUKLQXr4pZcFvGRInwoSKyhKJxrggY429B1CYByHJiv9jFkI7jfkSz-ftkJdlE_";
const HASH: &str = "82d86408530b765e46ebf47807095027e807bc08674b0de77ee5ef2fae7d0492";

#[test]
fn a_token_opens_to_the_session_and_secret_it_was_minted_of() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let token = sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap();
    assert_eq!(token.expose().len(), 140);
    let shown = sealer.open(token.expose().as_bytes()).ok().unwrap();
    assert_eq!((shown.session, shown.witness), (ID, witness()));
    assert_eq!(shown.secret.hash(), secret.hash());
}

#[test]
fn a_secret_sealed_for_a_resend_opens_for_its_session_only() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let sealed = sealer.seal_resend(ID, &secret, &held(), &mut SysRng).unwrap();
    assert_eq!(sealer.open_resend(ID, &sealed, &held()).unwrap().hash(), secret.hash());
    assert!(sealer.open_resend(SessionId::from_bytes([0; 16]), &sealed, &held()).is_err());
}

#[test]
fn a_secret_sealed_for_a_resend_opens_for_the_holder_of_the_token_before_only() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let sealed = sealer.seal_resend(ID, &secret, &held(), &mut SysRng).unwrap();
    assert!(sealer.open_resend(ID, &sealed, &held()).is_ok());
    assert!(sealer.open_resend(ID, &sealed, &secret).is_err(), "the new secret opened its own copy");
    assert!(sealer.open_resend(ID, &sealed, &Secret::generate(&mut SysRng).unwrap()).is_err());
}

#[test]
fn the_layout_of_a_token_never_changes() {
    let sealer = sealer(&format!("primary 0a0b0c0d {MASTER}"));
    let secret = Secret::generate(&mut Scripted((0x80..0xa0).collect())).unwrap();
    assert_eq!(HEXLOWER.encode(secret.hash().as_bytes()), HASH);

    let token = sealer.mint(ID, &secret, witness(), &mut Scripted((0xc0..0xcc).collect())).unwrap();
    assert_eq!(token.expose(), TOKEN);
    let shown = sealer.open(TOKEN.as_bytes()).ok().unwrap();
    assert_eq!((shown.session, shown.witness), (ID, witness()));
    assert!(shown.secret.hash().matches(&secret.hash()));

    let sealed = sealer.seal_resend(ID, &secret, &held(), &mut Scripted((0xc0..0xcc).collect())).unwrap();
    assert_eq!(BASE64URL_NOPAD.encode(&sealed), RESEND);
    assert!(sealer.open_resend(ID, &sealed, &held()).unwrap().hash().matches(&secret.hash()));
}

#[test]
fn a_generated_entry_is_made_of_the_generators_bytes_in_order() {
    let mut rng = Scripted([0x0a, 0x0b, 0x0c, 0x0d].into_iter().chain(0x20..0x40).collect());
    let line = KeyRing::generate_entry(KeyState::AcceptOnly, &mut rng).unwrap();
    assert_eq!(line, format!("accept-only 0a0b0c0d {MASTER}"));
}

/// Each token has randomness of its own (OWASP ASVS 7.2.2, 7.2.3, 11.3.4).
#[test]
fn a_hundred_thousand_tokens_of_one_secret_differ_in_nonce_and_text() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let (mut texts, mut nonces) = (HashSet::new(), HashSet::new());
    for _ in 0..100_000 {
        let token = sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap();
        let bytes = BASE64URL_NOPAD.decode(token.expose().as_bytes()).unwrap();
        assert!(nonces.insert(bytes[5..17].to_vec()), "a nonce came twice");
        assert!(texts.insert(token.expose().to_owned()), "a token came twice");
    }
}

#[test]
fn a_token_shows_only_version_and_key_id_the_rest_changes_with_every_token() {
    let sealer = sealer(&format!("primary 0a0b0c0d {MASTER}"));
    let tokens: Vec<Vec<u8>> =
        (0..64).map(|_| BASE64URL_NOPAD.decode(mint(&sealer).expose().as_bytes()).unwrap()).collect();
    for position in 0..105 {
        let seen: HashSet<u8> = tokens.iter().map(|token| token[position]).collect();
        assert_eq!(seen.len() == 1, position < 5, "byte {position} took {} values", seen.len());
    }
    assert!(tokens.iter().all(|token| token[..5] == [1, 0x0a, 0x0b, 0x0c, 0x0d]));
}

#[test]
fn two_secrets_are_never_the_same() {
    let hashes: HashSet<[u8; 32]> = (0..10_000).map(|_| *secret().hash().as_bytes()).collect();
    assert_eq!(hashes.len(), 10_000);
}

/// A generator that fails is an error, never a nonce or a secret of zeros (ASVS 11.3.4).
#[test]
fn a_generator_that_fails_is_an_error_and_nothing_is_made() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let error: RandomnessError = Secret::generate(&mut Broken).err().expect("no secret without randomness");
    assert_eq!(
        error.to_string(),
        "The random number generator failed (no entropy), so nothing was made; \
         check that this process can reach the generator of the operating system."
    );
    assert_eq!(
        sealer.mint(ID, &secret, witness(), &mut Broken).unwrap_err(),
        SealError::Randomness(error.clone())
    );
    assert_eq!(
        sealer.seal_resend(ID, &secret, &held(), &mut Broken),
        Err(SealError::Randomness(error.clone()))
    );
    assert_eq!(KeyRing::generate_entry(KeyState::Primary, &mut Broken), Err(error));
}
