//! Secrets are never shown (OWASP ASVS 11.7.2, 16.2.5, CWE-532) and are overwritten when they are dropped.

use std::fmt::{Debug, Display};

use data_encoding::HEXLOWER;
use serde::Serialize;
use session_ledger::internals::{Found, find};
use session_ledger::internals::{Sealer, Secret, Token};
use session_ledger::token::{KeyRing, KeyState};
use zeroize::ZeroizeOnDrop;

use super::{COOKIE, entry, mint, ring, sealer};

/// Does not compile if one of the types implements the trait: then `_` could be either of two types.
macro_rules! assert_absent {
    ($trait:path: $($type:ty),+) => {{
        trait Absent<Proof> { fn absent() {} }
        struct Present;
        impl<T: ?Sized> Absent<()> for T {}
        impl<T: ?Sized + $trait> Absent<Present> for T {}
        $(<$type as Absent<_>>::absent();)+
    }};
}

#[test]
fn secret_types_have_no_way_to_be_shown_copied_or_serialized() {
    assert_absent!(Debug: Secret);
    assert_absent!(Display: Secret, Token, KeyRing, Sealer);
    assert_absent!(Serialize: Secret, Token, KeyRing, Sealer);
    assert_absent!(Clone: Secret, Token, KeyRing, Sealer);
    assert_absent!(PartialEq: Secret, Token, KeyRing);
}

#[test]
fn secret_types_are_overwritten_when_dropped() {
    fn overwritten<T: ZeroizeOnDrop>() -> bool {
        std::mem::needs_drop::<T>()
    }
    assert!(overwritten::<Secret>() && overwritten::<Token>());
}

#[test]
fn a_sealer_is_shared_between_threads() {
    fn shared<T: Send + Sync>(_: &T) {}
    shared(&sealer(&entry(KeyState::Primary)));
}

#[test]
fn debug_of_a_token_shows_nothing_of_it() {
    let token = mint(&sealer(&entry(KeyState::Primary)));
    assert_eq!(format!("{token:?} {token:#?}"), "Token(..) Token(..)");
}

#[test]
fn debug_of_a_found_cookie_shows_nothing_of_it() {
    let line = b"__Host-session=abc".as_slice();
    assert_eq!(format!("{:?}", find([line].into_iter(), COOKIE)), "One(..)");
    assert_eq!(format!("{:?} {:?}", Found::None, Found::Several), "None Several");
}

#[test]
fn debug_of_a_key_ring_and_a_sealer_shows_ids_and_states_only() {
    let (primary, retired) = (entry(KeyState::Primary), entry(KeyState::Retired));
    let text = format!("{primary}\n{retired}");
    let [primary_id, retired_id] = [&primary, &retired].map(|line| line.split(' ').nth(1).unwrap());
    let (ring, sealer) = (ring(&text), sealer(&text));
    assert_eq!(format!("{ring:?}"), format!("KeyRing {{{primary_id}: Primary, {retired_id}: Retired}}"));
    assert_eq!(
        format!("{sealer:?}"),
        format!(
            "Sealer {{ cookie_name: \"__Host-session\", audience: \"shop.example\", \
             keys: [({primary_id}, Primary)] }}"
        )
    );
    let shown = format!("{ring:?} {ring:#?} {sealer:?} {sealer:#?}");
    for line in [&primary, &retired] {
        assert_no_part(&shown, line.split(' ').nth(2).unwrap());
    }
}

/// No six characters in a row of `secret`, in base64url or hexadecimal, are in `shown`.
fn assert_no_part(shown: &str, secret: &str) {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(secret.as_bytes()).unwrap();
    for text in [secret, &HEXLOWER.encode(&bytes), &format!("{bytes:?}")] {
        for part in text.as_bytes().windows(6) {
            assert!(!shown.contains(std::str::from_utf8(part).unwrap()), "a part of a master is shown");
        }
    }
}
