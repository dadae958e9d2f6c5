//! Keys come and go while the application runs, and nobody is logged out (OWASP ASVS 11.2.2).

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use data_encoding::HEXLOWER;
use rand::rngs::SysRng;
use session_ledger::internals::{Device, Reloaded, Sealer, Secret, Token};
use session_ledger::session::{DeviceId, TokenHash};
use session_ledger::token::KeyState;
use time::Duration;
use time::macros::datetime;

use super::generators::Scripted;
use super::{ID, entry, mint, moved, opens, ring, sealer, secret, witness};
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
        reload(&running, &format!("{}\n{new_line}", moved(&old, old_state)));
        assert_eq!(opens(&running, &token_of_old), opens_old, "old key {old_state:?}");
        assert_eq!(opens(&running, &token_of_new), opens_new, "new key {new_state:?}");
        assert_eq!(key_id(&running), sealing.split(' ').nth(1).unwrap(), "old key {old_state:?}");
    }
    reload(&running, &moved(&new, Primary));
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
    let (key, old) = (entry(Primary), entry(Primary));
    let running = sealer(&old);
    reload(&running, &format!("{key};{}", moved(&old, AcceptOld)));
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
                reload(&running, text);
            }
        });
        let opened = (0..2_000).filter(|_| opens(&running, mint(&running).expose())).count();
        done.store(true, Ordering::Relaxed);
        assert_eq!(opened, 2_000);
    });
}

/// A ring without the key that seals would sign everybody out.
#[test]
fn a_ring_that_lacks_the_sealing_key_is_refused_and_the_present_one_stays() {
    let (old, new) = (entry(Primary), entry(Primary));
    let running = sealer(&old);
    let token = mint(&running);
    let refused = running.reload(&ring(&new)).unwrap_err();
    let id = old.split(' ').nth(1).unwrap();
    assert_eq!(
        refused.to_string(),
        format!(
            "The new key ring lacks the key {id}, which seals tokens now, so everybody would be signed out; keep it as \
             accept-old, or as retired if that is what you want."
        )
    );
    assert!(opens(&running, token.expose()));
    assert_eq!(key_id(&running), id, "it seals as before");
    // An operator who says so is believed, and told what it means.
    let withdrawn = running.reload(&ring(&format!("{new};{}", moved(&old, Retired)))).unwrap();
    let Reloaded::Taken(concerns) = withdrawn else { panic!("{withdrawn:?}") };
    let new = new.split(' ').nth(1).unwrap();
    let told: Vec<String> = concerns.iter().map(ToString::to_string).collect();
    assert_eq!(
        told,
        [
            format!("the key {id} was primary and is retired: whoever it has signed in signs in again"),
            format!(
                "the key {new} is primary and was not accept-only before: processes that do not have it yet refuse its \
                 tokens"
            ),
        ]
    );
    assert!(!opens(&running, token.expose()));
}

#[test]
fn a_key_that_gets_another_master_is_refused() {
    let (old, other) = (entry(Primary), entry(Primary));
    let id = old.split(' ').nth(1).unwrap();
    let changed = format!("primary {id} {}", other.split(' ').nth(2).unwrap());
    assert_eq!(
        sealer(&old).reload(&ring(&changed)).unwrap_err().to_string(),
        format!(
            "The new key ring has another master for the key {id}, which would not open what it has sealed; give a new \
             master an id of its own, as `projector keys generate` does."
        )
    );
}

#[test]
fn the_same_keys_in_another_order_are_no_change() {
    let (one, two, three) = (entry(Primary), entry(AcceptOnly), entry(AcceptOld));
    let running = sealer(&format!("{one};{two};{three}"));
    let same = format!("# by order of the boss\n{three}\n{two}\n{one};{}", entry(Retired));
    assert_eq!(running.reload(&ring(&same)), Ok(Reloaded::Unchanged));
    let step = format!("{};{};{three}", moved(&one, AcceptOld), moved(&two, Primary));
    assert_eq!(
        running.reload(&ring(&step)),
        Ok(Reloaded::Taken(vec![])),
        "the documented way gives no concern"
    );
}

const HASH: TokenHash = TokenHash::from_bytes([0x77; 32]);

/// A day of the far past, and one of the far future.
const DAYS: [&str; 2] = ["not-after=2001-01-01T00:00:00Z", "not-after=2101-01-01T00:00:00Z"];

#[test]
fn a_key_opens_and_seals_until_its_last_moment_and_nothing_after_it() {
    let (old, new) = (entry(Primary), entry(AcceptOnly));
    let minting = sealer(&old);
    let (token, resend) =
        (mint(&minting), minting.seal_resend(ID, &secret(), &secret_of_holder(), &mut SysRng).unwrap());
    let form = minting.form_token(ID, HASH, &mut SysRng).unwrap().unwrap();
    let device = minting.mint_device(&Device::unseen(DeviceId::from_bytes([1; 16])), &mut SysRng).unwrap();
    let ending = sealer(&format!("{};{} {}", moved(&new, Primary), moved(&old, AcceptOld), DAYS[1]));
    assert!(ending.has_ends());
    let opened = || {
        [
            opens(&ending, token.expose()),
            ending.open_resend(ID, &resend, &secret_of_holder()).is_ok(),
            ending.knows_form_token(form.as_str().as_bytes(), ID, &[HASH]),
            ending.open_device(device.expose().as_bytes()).is_ok(),
        ]
    };
    let end = datetime!(2101-01-01 00:00:00 UTC);
    assert_eq!((ending.heed(end), opened()), (vec![], [true; 4]));
    let id = ring(&old).states().next().unwrap().0;
    assert_eq!((ending.heed(end + Duration::NANOSECOND), opened()), (vec![id], [false; 4]));
    assert_eq!(ending.heed(end + Duration::DAY), vec![], "it is told once");
    assert!(opens(&ending, mint(&ending).expose()), "the others are as before");
    assert_eq!((ending.heed(end), opened()), (vec![], [true; 4]), "the clock has gone back");
}

#[test]
fn a_primary_key_whose_time_is_over_seals_no_more_until_another_is_promoted() {
    let (old, new) = (entry(Primary), entry(AcceptOnly));
    let running = sealer(&format!("{old} {};{new}", DAYS[1]));
    let token = mint(&running);
    running.heed(datetime!(2101-01-02 00:00:00 UTC));
    let id = key_id_of(&token);
    let refused = running.mint(ID, &secret(), witness(), &mut SysRng).unwrap_err();
    assert_eq!(
        refused.to_string(),
        format!(
            "The key {id} opens nothing after 2101-01-01T00:00:00Z, so it seals no more; make another key the primary \
             one and reload the key ring."
        )
    );
    // The key's end is remembered over the change of the ring, so that no request comes between.
    reload(&running, &format!("{} {};{}", moved(&old, AcceptOld), DAYS[1], moved(&new, Primary)));
    assert!(!opens(&running, token.expose()) && opens(&running, mint(&running).expose()));
    let longer = format!("{};{}", moved(&old, AcceptOld), moved(&new, Primary));
    assert!(matches!(running.reload(&ring(&longer)), Ok(Reloaded::Taken(_))), "it has no end any more");
    assert!(opens(&running, token.expose()));

    let past = ring(&format!("{old} {}", DAYS[0]));
    assert_eq!(
        past.check(datetime!(2001-01-01 00:00:01 UTC)).unwrap_err().to_string(),
        format!(
            "The primary key {id} of the key ring opens nothing after 2001-01-01T00:00:00Z, which is past, so nobody \
             could sign in; make another key primary, or set not-after anew."
        )
    );
    assert_eq!(past.check(datetime!(2001-01-01 00:00:00 UTC)), Ok(()));
}

fn secret_of_holder() -> Secret {
    Secret::generate(&mut Scripted(vec![9; 32])).unwrap()
}

fn reload(sealer: &Sealer, text: &str) {
    sealer.reload(&ring(text)).unwrap();
}

fn key_id(sealer: &Sealer) -> String {
    key_id_of(&mint(sealer))
}

/// The id of the key that has sealed a token, as the token shows it.
fn key_id_of(token: &Token) -> String {
    let bytes = data_encoding::BASE64URL_NOPAD.decode(token.expose().as_bytes()).unwrap();
    HEXLOWER.encode(&bytes[1..5])
}
