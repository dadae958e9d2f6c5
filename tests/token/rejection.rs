//! A rejected cookie allocates nothing: what a flood of garbage costs is its own header.

use std::hint::black_box;

use allocation_counter::{AllocationInfo, measure};
use session_ledger::internals::Sealer;
use session_ledger::internals::{Found, find};
use session_ledger::token::KeyState;

use super::{COOKIE, entry, mint, sealer};

/// Looks for the cookie in these header lines and opens it: the allocations, and whether it opens.
fn allocated(sealer: &Sealer, lines: &[&str]) -> (AllocationInfo, bool) {
    let mut opens = false;
    let allocated = measure(|| {
        let opened = match find(lines.iter().map(|line| line.as_bytes()), COOKIE) {
            Found::One(value) => sealer.open(value).ok(),
            Found::None | Found::Several => None,
        };
        opens = black_box(&opened).is_some();
    });
    (allocated, opens)
}

#[track_caller]
fn assert_rejected_without_allocation(sealer: &Sealer, lines: &[&str]) {
    let (allocated, opens) = allocated(sealer, lines);
    let (count, bytes) = (allocated.count_total, allocated.bytes_total);
    assert!(!opens, "{lines:?} was accepted");
    assert_eq!((count, bytes), (0, 0), "{count} allocations of {bytes} bytes to reject {lines:?}");
}

#[test]
fn a_token_that_opens_allocates_its_secret_alone() {
    let sealer = sealer(&entry(KeyState::Primary));
    let line = format!("theme=dark; {COOKIE}={}", mint(&sealer).expose());
    let (allocated, opens) = allocated(&sealer, &[&line]);
    assert!(opens);
    assert_eq!((allocated.count_total, allocated.bytes_total), (1, 32), "the counter counts");
}

#[test]
fn garbage_is_rejected_without_an_allocation() {
    let sealer = sealer(&entry(KeyState::Primary));
    for garbage in ["", "garbage", "=;=;;", &"A".repeat(140), &"%".repeat(140), &"A".repeat(100_000)] {
        assert_rejected_without_allocation(&sealer, &[&format!("lang=de; {COOKIE}={garbage}")]);
        assert_rejected_without_allocation(&sealer, &[garbage]);
    }
}

#[test]
fn a_forged_token_is_rejected_without_an_allocation() {
    let sealer = sealer(&entry(KeyState::Primary));
    let token = mint(&sealer).expose().to_owned();
    for position in 0..token.len() {
        let other = if &token[position..=position] == "A" { "B" } else { "A" };
        let forged = [&token[..position], other, &token[position + 1..]].concat();
        assert_rejected_without_allocation(&sealer, &[&format!("{COOKIE}={forged}; lang=de")]);
    }
}

#[test]
fn a_token_of_another_key_is_rejected_without_an_allocation() {
    let [ours, theirs] = [(); 2].map(|()| sealer(&entry(KeyState::Primary)));
    assert_rejected_without_allocation(&ours, &[&format!("{COOKIE}={}", mint(&theirs).expose())]);
}

#[test]
fn two_cookies_of_the_name_are_rejected_without_an_allocation() {
    let sealer = sealer(&entry(KeyState::Primary));
    let pair = format!("{COOKIE}={}", mint(&sealer).expose());
    assert_rejected_without_allocation(&sealer, &[&format!("{pair}; {pair}")]);
    assert_rejected_without_allocation(&sealer, &[&pair, "lang=de", &pair]);
}
