//! Keys come and go while the application runs, and nobody is logged out (OWASP ASVS 11.2.2).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use data_encoding::HEXLOWER;
use session_ledger::internals::Sealer;
use session_ledger::token::KeyState;

use super::{entry, mint, moved, opens, ring, sealer};
use KeyState::{AcceptOld, AcceptOnly, Primary, Retired};

#[test]
fn a_rotation_logs_nobody_out_at_any_step() {
    let (old, new) = (entry(Primary), entry(AcceptOnly));
    // Step by step: the states of both keys, the key that seals, and whose tokens open.
    let steps = [
        ((Primary, None), &old, (true, false)),
        ((Primary, Some(AcceptOnly)), &old, (true, true)),
        ((AcceptOld, Some(Primary)), &new, (true, true)),
        ((Retired, Some(Primary)), &new, (false, true)),
    ];
    let token_of_old = mint(&sealer(&old)).expose().to_owned();
    let token_of_new = mint(&sealer(&moved(&new, Primary))).expose().to_owned();
    let running = sealer(&old);
    for ((old_state, new_state), sealing, (opens_old, opens_new)) in steps {
        let new_line = new_state.map(|state| moved(&new, state)).unwrap_or_default();
        running.reload(ring(&format!("{}\n{new_line}", moved(&old, old_state))));
        assert_eq!(opens(&running, &token_of_old), opens_old, "old key {old_state:?}");
        assert_eq!(opens(&running, &token_of_new), opens_new, "new key {new_state:?}");
        assert_eq!(key_id(&running), sealing.split(' ').nth(1).unwrap(), "old key {old_state:?}");
    }
    running.reload(ring(&moved(&new, Primary)));
    assert!(opens(&running, &token_of_new) && !opens(&running, &token_of_old));
}

#[test]
fn processes_that_reload_at_different_times_accept_each_others_tokens() {
    let (old, new) = (entry(Primary), entry(AcceptOnly));
    let distributed = sealer(&format!("{old};{new}"));
    let promoted = sealer(&format!("{};{}", moved(&old, AcceptOld), moved(&new, Primary)));
    assert!(opens(&distributed, mint(&promoted).expose()));
    assert!(opens(&promoted, mint(&distributed).expose()));
}

#[test]
fn a_reload_keeps_cookie_name_and_audience() {
    let key = entry(Primary);
    let running = sealer(&entry(Primary));
    running.reload(ring(&key));
    assert!(opens(&sealer(&key), mint(&running).expose()));
}

#[test]
fn tokens_are_minted_and_opened_while_the_ring_is_reloaded() {
    let (first, second) = (entry(Primary), entry(Primary));
    let rings =
        [format!("{first};{}", moved(&second, AcceptOnly)), format!("{second};{}", moved(&first, AcceptOld))];
    let running = sealer(&rings[0]);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| {
            for text in rings.iter().cycle().take_while(|_| !done.load(Ordering::Relaxed)) {
                running.reload(ring(text));
            }
        });
        let opened = (0..2_000).filter(|_| opens(&running, mint(&running).expose())).count();
        done.store(true, Ordering::Relaxed);
        assert_eq!(opened, 2_000);
    });
}

/// The id of the sealing key, as the token shows it.
fn key_id(sealer: &Sealer) -> String {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(mint(sealer).expose().as_bytes()).unwrap();
    HEXLOWER.encode(&bytes[1..5])
}
