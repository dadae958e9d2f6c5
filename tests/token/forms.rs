//! Tokens for forms: what they are made of, and what they are bound to.

use std::fmt::{Debug, Display};

use rand::rngs::SysRng;
use serde::Serialize;
use session_ledger::internals::Sealer;
use session_ledger::session::{SessionId, TokenHash};
use session_ledger::token::{FormToken, KeyState};

use super::generators::{Broken, Scripted};
use super::{AUDIENCE, COOKIE, ID, entry, moved, ring, sealer};

const HASH: TokenHash = TokenHash::from_bytes([0x77; 32]);
const KEY: &str = "primary 0a0b0c0d AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA";

/// The text for the key above and the mask 80, 81 … 9f, calculated with another implementation of HMAC.
const KNOWN: &str = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp9qY1OkR1y9exYq7jRWfgk_IO3nbwVefGqTLxEgi9QsOQ";

fn token(sealer: &Sealer) -> FormToken {
    sealer.form_token(ID, HASH, &mut SysRng).unwrap().unwrap()
}

fn knows(sealer: &Sealer, token: &FormToken) -> bool {
    sealer.knows_form_token(token.as_str().as_bytes(), ID, &[HASH])
}

#[test]
fn a_token_of_today_is_a_token_for_ever() {
    let made = sealer(KEY).form_token(ID, HASH, &mut Scripted((0x80..0xa0).collect())).unwrap().unwrap();
    assert_eq!(made.as_str(), KNOWN);
    assert_eq!(made.field(), format!(r#"<input type="hidden" name="csrf_token" value="{KNOWN}">"#));
    assert!(sealer(KEY).knows_form_token(KNOWN.as_bytes(), ID, &[HASH]));
}

#[test]
fn a_token_is_bound_to_session_cookie_name_audience_and_key() {
    let here = sealer(KEY);
    let token = token(&here);
    assert!(knows(&here, &token));
    let text = token.as_str().as_bytes();
    let (elsewhere, later) = (SessionId::from_bytes([1; 16]), TokenHash::from_bytes([0x78; 32]));
    assert!(!here.knows_form_token(text, elsewhere, &[HASH]));
    assert!(!here.knows_form_token(text, ID, &[later]));
    assert!(!here.knows_form_token(text, ID, &[]));
    assert!(here.knows_form_token(text, ID, &[later, HASH]));
    assert!(!knows(&Sealer::new(ring(KEY), "session", AUDIENCE), &token));
    assert!(!knows(&Sealer::new(ring(KEY), COOKIE, "blog.example"), &token));
    assert!(!knows(&sealer(&entry(KeyState::Primary)), &token));
    let other = entry(KeyState::Primary);
    for (state, is_known) in
        [(KeyState::AcceptOld, true), (KeyState::AcceptOnly, true), (KeyState::Retired, false)]
    {
        assert_eq!(knows(&sealer(&format!("{other}\n{}", moved(KEY, state))), &token), is_known, "{state}");
    }
}

#[test]
fn each_changed_bit_makes_a_token_unknown() {
    let here = sealer(KEY);
    let known = data_encoding::BASE64URL_NOPAD.decode(KNOWN.as_bytes()).unwrap();
    for bit in 0..known.len() * 8 {
        let mut changed = known.clone();
        changed[bit / 8] ^= 1 << (bit % 8);
        let text = data_encoding::BASE64URL_NOPAD.encode(&changed);
        assert!(!here.knows_form_token(text.as_bytes(), ID, &[HASH]), "bit {bit}");
    }
    // The last character has two bits to spare: another spelling of the same bytes is none.
    for (last, spelled) in [("sOQ", "sOR"), ("sOQ", "sOQ=")] {
        assert!(KNOWN.ends_with(last));
        let text = format!("{}{spelled}", KNOWN.strip_suffix(last).unwrap());
        assert!(!here.knows_form_token(text.as_bytes(), ID, &[HASH]), "{spelled}");
    }
}

#[test]
fn without_randomness_there_is_no_token() {
    let error = sealer(KEY).form_token(ID, HASH, &mut Broken).unwrap_err();
    assert_eq!(
        error.to_string(),
        "The random number generator failed (no entropy), so nothing was made; check that this process can reach \
         the generator of the operating system."
    );
}

#[test]
fn a_token_is_shown_to_its_page_only() {
    macro_rules! assert_absent {
        ($trait:path) => {{
            trait Absent<Proof> {
                fn absent() {}
            }
            struct Present;
            impl<T: ?Sized> Absent<()> for T {}
            impl<T: ?Sized + $trait> Absent<Present> for T {}
            <FormToken as Absent<_>>::absent();
        }};
    }
    assert_absent!(Display);
    assert_absent!(Serialize);
    assert_absent!(Clone);
    fn told(shown: &impl Debug) -> String {
        format!("{shown:?}")
    }
    assert_eq!(told(&token(&sealer(KEY))), "FormToken(..)");
}
