//! Whether a token opens a session: each rule, to the microsecond and to the version.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use session_ledger::internals::{Admission, DatabaseTime, Shown, Witness};
use session_ledger::session::{ChainHash, SessionState, Superseded, Timeouts, TokenHash};
use time::{Duration, OffsetDateTime};

const PRESENT: TokenHash = TokenHash::from_bytes([1; 32]);
const OLD: TokenHash = TokenHash::from_bytes([2; 32]);
const LOGIN: OffsetDateTime = OffsetDateTime::UNIX_EPOCH;
const GRACE: Duration = Duration::seconds(30);
const TICK: Duration = Duration::microseconds(1);

/// A session at version 5 in epoch 2, with a token that another has superseded.
fn state(accepted: bool) -> SessionState {
    let mut state = SessionState {
        version: 5,
        head: ChainHash::from_bytes([7; 32]),
        token_hash: PRESENT,
        superseded: Some(Superseded { token_hash: OLD, until: LOGIN + GRACE, accepted }),
        ..SessionState::default()
    };
    state.content.renewed_at = Some(LOGIN);
    state
}

/// The witness of a state like this one, at another version, of another history, or in another epoch.
fn witness(version: i64, head: u8, epoch: u16) -> Witness {
    let head = ChainHash::from_bytes([head; 32]);
    Witness::of(&SessionState { version, head, ..SessionState::default() }, epoch)
}

fn admit(state: &SessionState, token_hash: TokenHash, last_seen: Duration, at: Duration) -> Admission {
    let shown = Shown { token_hash, witness: witness(1, 0, 2) };
    state.admit(&shown, Timeouts::default(), LOGIN + last_seen, DatabaseTime { at: LOGIN + at, epoch: 2 })
}

#[test]
fn a_superseded_token_is_late_before_the_end_of_its_grace_and_old_from_then_on() {
    let superseded = || Admission::Superseded { since: LOGIN };
    let table: [(bool, Duration, Duration, Admission); 10] = [
        // Whether it is let in; how long after its successor the session was last seen; the time; the
        // verdict.
        (true, Duration::ZERO, GRACE - TICK, Admission::Latecomer),
        (true, Duration::ZERO, GRACE, Admission::Kept),
        (true, TICK, GRACE - TICK, Admission::Latecomer),
        (true, TICK, GRACE, Admission::Replayed),
        (true, TICK, GRACE + TICK, Admission::Replayed),
        (false, Duration::ZERO, GRACE - TICK, superseded()),
        (false, Duration::ZERO, GRACE, Admission::Outdated),
        (false, TICK, GRACE - TICK, superseded()),
        (false, TICK, GRACE, Admission::Replayed),
        (false, TICK, GRACE + TICK, Admission::Replayed),
    ];
    for (accepted, last_seen, at, expected) in table {
        let found = admit(&state(accepted), OLD, last_seen, at);
        assert_eq!(found, expected, "accepted {accepted}, seen {last_seen} after, at {at}");
        assert_eq!(admit(&state(accepted), PRESENT, last_seen, at), Admission::Admitted);
    }
}

#[test]
fn a_token_that_the_session_never_had_is_a_replay() {
    let found = admit(&state(true), TokenHash::from_bytes([3; 32]), TICK, TICK);
    assert_eq!(found, Admission::Replayed);
}

#[test]
fn a_witness_tells_whether_the_database_has_gone_back() {
    let table = [
        (witness(5, 7, 2), Admission::Admitted),
        (witness(4, 7, 2), Admission::Admitted),
        (witness(4, 8, 2), Admission::Admitted),
        (witness(5, 8, 2), Admission::RolledBack),
        (witness(6, 7, 2), Admission::RolledBack),
        (witness(1, 7, 3), Admission::RolledBack),
        (witness(5, 7, 1), Admission::OfEarlierEpoch),
        (witness(4, 7, 1), Admission::OfEarlierEpoch),
        (witness(6, 7, 1), Admission::RolledBack),
    ];
    for (witness, expected) in table {
        let shown = Shown { token_hash: PRESENT, witness };
        let found =
            state(true).admit(&shown, Timeouts::default(), LOGIN, DatabaseTime { at: LOGIN, epoch: 2 });
        assert_eq!(found, expected, "{witness:?}");
    }
}

#[test]
fn a_witness_is_read_as_it_was_written_up_to_the_greatest_version() {
    for version in [0, 1, 5, (1 << 48) - 2, (1 << 48) - 1] {
        for epoch in [0, 1, u16::MAX] {
            let written = witness(version, 9, epoch);
            assert_eq!(Witness::from_bytes(written.to_bytes()), written);
        }
    }
    assert_eq!(witness(1 << 48, 9, 1), witness((1 << 48) - 1, 9, 1), "a later version is named by it");
}
