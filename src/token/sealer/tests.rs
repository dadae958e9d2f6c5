//! The limit of seals, with numbers that a test can reach.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::io;
use std::sync::Mutex;

use rand::rngs::SysRng;

use super::*;
use crate::session::SessionState;
use crate::token::KeyState;
use crate::token::budget::SEALS_MAX;

const BUDGET: SealBudget = SealBudget { warn: 2, refuse: 3, unrecorded: u64::MAX };
const ID: SessionId = SessionId::from_bytes([7; 16]);

#[test]
fn the_real_budget_warns_at_two_to_the_30_and_refuses_after_two_to_the_31() {
    for budget in [SealBudget::ALONE, SealBudget::RECORDED] {
        assert_eq!((budget.warn, budget.refuse), (1_073_741_824, 2_147_483_648));
    }
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
            sealer.states()[0].0
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
    reload(&sealer, &primary);
    assert!(sealer.mint(ID, &secret, witness(), &mut SysRng).is_err(), "the same key is as spent as before");

    let demoted = primary.replacen("primary", "accept-old", 1);
    let new = entry(KeyState::Primary);
    reload(&sealer, &format!("{demoted};{new}"));
    assert!(sealer.mint(ID, &secret, witness(), &mut SysRng).is_ok());

    reload(&sealer, &format!("{primary};{}", new.replacen("primary", "accept-only", 1)));
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

#[test]
fn seals_are_recorded_ahead_in_blocks_that_grow() {
    let (sealer, secret) = (recorded(), secret());
    let mint = || drop(sealer.mint(ID, &secret, witness(), &mut SysRng).unwrap());
    (1..1_024).for_each(|_| mint());
    assert_eq!(sealer.to_record(), None, "an application with few logins writes nothing");
    mint();
    let asked = sealer.to_record().unwrap();
    assert_eq!((asked.key_id, asked.seals), (sealer.states()[0].0, 1_024 + 4_096));
    assert_eq!(sealer.to_record(), None, "asked once");
    sealer.record(asked, &Err(()));
    assert_eq!(sealer.to_record(), Some(asked), "and again, as nobody knows");
    sealer.record(asked, &Ok::<_, ()>(Some(asked.seals)));
    let mut asked_at = Vec::new();
    for sealed in 1_025..40_000 {
        mint();
        if let Some(asked) = sealer.to_record() {
            asked_at.push((sealed, asked.seals));
            sealer.record(asked, &Ok::<_, ()>(Some(0)));
        }
    }
    assert_eq!(asked_at, [(2_561, 5_120), (5_121, 10_240), (10_241, 20_480), (20_481, 40_960)]);
}

#[test]
fn a_key_whose_seals_cannot_be_recorded_goes_on_for_65536_seals() {
    let (sealer, secret) = (recorded(), secret());
    let mint = || sealer.mint(ID, &secret, witness(), &mut SysRng);
    assert!((0..65_536).all(|_| mint().is_ok()));
    let refused = mint().unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "The seals of the key {} could not be recorded for too long, so it seals no more; the log says why, under \
             \"the seals of a key were not recorded\".",
            sealer.states()[0].0
        )
    );
    let asked = sealer.to_record().unwrap();
    assert_eq!(asked.seals, 65_537 + 4_096, "all that was sealed, and a block ahead");
    sealer.record(asked, &Ok::<_, ()>(Some(asked.seals)));
    assert!(mint().is_ok());
}

#[test]
fn a_key_of_which_no_more_seals_may_be_recorded_uses_up_what_is_recorded() {
    let (sealer, secret) = (recorded(), secret());
    let mint = || sealer.mint(ID, &secret, witness(), &mut SysRng);
    assert!((0..1_024).all(|_| mint().is_ok()));
    let asked = sealer.to_record().unwrap();
    sealer.record(asked, &Ok::<_, ()>(Some(SEALS_MAX - 1)));
    assert!((1_024..2_561).all(|_| mint().is_ok()));
    let asked = sealer.to_record().unwrap();
    sealer.record(asked, &Ok::<_, ()>(None));
    assert!((2_561..5_120).all(|_| mint().is_ok()), "these are recorded");
    assert!(matches!(mint(), Err(SealError::BudgetSpent { .. })));
    assert_eq!(sealer.to_record(), None);
}

/// The bound of NIST SP 800-38D holds over restarts: what may be recorded, and what processes leave
/// unrecorded, is 2^32 together for 2 million starts with few logins, and for 32768 at the worst.
#[test]
fn the_stated_bound_holds_by_arithmetic() {
    let left = (1_u64 << 32) - SEALS_MAX;
    assert_eq!(left / 1_024, 2_097_152);
    assert_eq!(left / SealBudget::RECORDED.unrecorded, 32_768);
}

fn recorded() -> Sealer {
    Sealer::new(KeyRing::parse(&entry(KeyState::Primary)).unwrap(), "__Host-session", "shop.example")
        .recorded()
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

fn reload(sealer: &Sealer, ring: &str) {
    assert!(sealer.reload(&KeyRing::parse(ring).unwrap()).is_ok());
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
