//! The limit of seals, with numbers that a test can reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io;
use std::sync::Mutex;

use rand::rngs::SysRng;

use super::*;
use crate::session::SessionState;
use crate::token::KeyState;

const BUDGET: SealBudget = SealBudget { warn: 2, refuse: 3 };
const ID: SessionId = SessionId::from_bytes([7; 16]);

#[test]
fn the_real_budget_warns_at_two_to_the_30_and_refuses_after_two_to_the_31() {
    assert_eq!(SealBudget::DEFAULT.warn, 1_073_741_824);
    assert_eq!(SealBudget::DEFAULT.refuse, 2_147_483_648);
}

#[test]
fn a_spent_budget_refuses_to_mint_but_still_opens() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    let tokens: Vec<Token> =
        (0..3).map(|_| sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap()).collect();
    let refused = sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap_err();
    assert!(matches!(refused, SealError::BudgetSpent { .. }));
    assert_eq!(
        refused.to_string(),
        format!(
            "The key {} has sealed as many tokens as it may; \
             make another key the primary one and reload the key ring.",
            sealer.keys().states().next().unwrap().0
        )
    );
    assert!(tokens.iter().all(|token| sealer.open(token.expose().as_bytes()).is_ok()));
}

#[test]
fn each_purpose_has_a_budget_of_its_own() {
    let (sealer, secret) = (sealer(&entry(KeyState::Primary)), secret());
    (0..3).for_each(|_| drop(sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap()));
    assert!(sealer.mint(ID, &secret, witness(), &mut SysRng).is_err());
    assert!(sealer.seal_resend(ID, &secret, &secret, &mut SysRng).is_ok());
}

#[test]
fn a_reload_keeps_the_count_of_a_key_and_a_new_primary_has_its_own() {
    let primary = entry(KeyState::Primary);
    let (sealer, secret) = (sealer(&primary), secret());
    (0..3).for_each(|_| drop(sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap()));
    sealer.reload(KeyRing::parse(&primary).unwrap());
    assert!(sealer.mint(ID, &secret, witness(), &mut SysRng).is_err(), "the same key is as spent as before");

    let demoted = primary.replacen("primary", "accept-old", 1);
    sealer.reload(KeyRing::parse(&format!("{demoted};{}", entry(KeyState::Primary))).unwrap());
    assert!(sealer.mint(ID, &secret, witness(), &mut SysRng).is_ok());

    sealer.reload(KeyRing::parse(&primary).unwrap());
    assert!(sealer.mint(ID, &secret, witness(), &mut SysRng).is_err(), "it is spent when it comes back, too");
}

#[test]
fn the_warning_comes_once_and_names_the_key_only() {
    let primary = entry(KeyState::Primary);
    let (warned, sealer, secret) = (sealer(&primary), sealer(&primary), secret());
    // Before the subscriber is there: tracing would remember that nobody listens, if the thread of another
    // test came to the warning first between here and there.
    (0..2).for_each(|_| drop(warned.mint(ID, &secret, witness(), &mut SysRng).unwrap()));
    let written: &'static Mutex<Vec<u8>> = Box::leak(Box::default());
    let subscriber = tracing_subscriber::fmt().with_ansi(false).with_writer(move || Lines(written)).finish();
    let mint =
        || (0..3).map(|_| sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap()).collect::<Vec<_>>();
    let tokens = tracing::subscriber::with_default(subscriber, mint);

    let lines = String::from_utf8(written.lock().unwrap().clone()).unwrap();
    let (id, master) = primary.strip_prefix("primary ").unwrap().split_once(' ').unwrap();
    assert_eq!(lines.lines().count(), 1, "{lines}");
    assert!(
        lines.contains("WARN") && lines.contains(&format!("key_id={id} sealed=2 refused_at=3")),
        "{lines}"
    );
    assert!(!lines.contains(master) && tokens.iter().all(|token| !lines.contains(token.expose())));
}

struct Lines(&'static Mutex<Vec<u8>>);

impl io::Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn entry(state: KeyState) -> String {
    KeyRing::generate_entry(state, &mut SysRng).unwrap()
}

fn sealer(ring: &str) -> Sealer {
    Sealer::with_budget(KeyRing::parse(ring).unwrap(), "__Host-session", "shop.example", BUDGET)
}

fn witness() -> Witness {
    Witness::of(&SessionState::default(), 1)
}

fn secret() -> Secret {
    Secret::generate(&mut SysRng).unwrap()
}
