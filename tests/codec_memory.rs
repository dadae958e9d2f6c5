//! Reading stored bytes takes little memory, whatever lengths they claim.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "arbitrary/kinds.rs"]
mod kinds;

use std::hint::black_box;
use std::sync::LazyLock;

use allocation_counter::measure;
use proptest::collection::vec;
use proptest::prelude::*;
use session_ledger::internals::STATE_BYTES_MAX;
use session_ledger::session::{Content, Encoded};

static KINDS: LazyLock<Vec<(String, i16)>> = LazyLock::new(kinds::kinds);

/// The most memory that reading 64 KiB may hold at one time: 4 MiB. An empty message counts 24 bytes in
/// memory and one on disk, and a growing list is copied.
const BYTES_HELD_MAX: u64 = 4 * 1024 * 1024;

/// Lengths of 2^28 - 1, 2^32 - 1 and 2^63 - 1, as postcard writes them.
const LIES: [&[u8]; 3] = [
    &[0xff, 0xff, 0xff, 0x7f],
    &[0xff, 0xff, 0xff, 0xff, 0x0f],
    &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f],
];

#[test]
fn the_counter_counts() {
    let held = measure(|| drop(black_box(vec![0_u8; 1_000_000]))).bytes_max;
    assert!((1_000_000..1_100_000).contains(&held), "{held}");
}

#[test]
fn a_length_that_lies_takes_little_memory_wherever_it_stands() {
    for lie in LIES {
        for before in 0..80 {
            for (lead, rest) in [(0, 0), (0, 255), (1, 0), (1, 1)] {
                let mut bytes = vec![lead; before];
                bytes.extend(lie);
                bytes.resize(before + 4_000, rest);
                assert_modest(&bytes);
            }
        }
    }
}

#[test]
fn a_full_payload_takes_little_memory_whatever_it_is_full_of() {
    for filling in 0..=255 {
        assert_modest(&[filling; STATE_BYTES_MAX]);
    }
}

/// 65,000 methods without a name, keys without a value, queues without a message, messages without a text.
#[test]
fn a_state_of_ever_so_many_empty_things_takes_little_memory() {
    let many = [0xe8, 0xfb, 0x03];
    let fewer = [0x90, 0x4e];
    let nothings = vec![0; 65_000];
    let keys: Vec<u8> =
        (0..10_000_u16).flat_map(|key| [2, b'0' + (key >> 7) as u8, (key & 0x7f) as u8]).collect();
    let valued = keys.chunks(3).flat_map(|key| [key, &[1, 0]].concat()).collect::<Vec<u8>>();
    let queued = keys.chunks(3).flat_map(|key| [key, &[0]].concat()).collect::<Vec<u8>>();
    for state in [
        [&[1, 0, 0][..], &many, &nothings, &[0, 0, 0, 0, 0]].concat(),
        [&[1, 0, 0, 0, 0, 0, 0][..], &fewer, &valued, &[0]].concat(),
        [&[1, 0, 0, 0, 0, 0, 0, 0][..], &fewer, &queued].concat(),
        [&[1, 0, 0, 0, 0, 0, 0, 0, 1, 0][..], &many, &nothings].concat(),
    ] {
        assert!(Content::decode(&state).is_ok(), "the case is one that is read");
        assert_modest(&state);
    }
}

proptest! {
    #[test]
    fn any_bytes_take_little_memory(bytes in vec(prop_oneof![any::<u8>(), 0..4_u8], 0..2_000)) {
        assert_modest(&bytes);
    }
}

/// Reads the bytes as a payload of every kind, as a state, and as the rest of a state.
fn assert_modest(bytes: &[u8]) {
    for (kind, shape) in KINDS.iter() {
        let held = measure(|| drop(black_box(Encoded::new(kind.clone(), *shape, bytes).decode()))).bytes_max;
        assert!(held <= BYTES_HELD_MAX, "{kind} from {} bytes held {held} bytes", bytes.len());
    }
    for state in [bytes.to_vec(), [&[1], bytes].concat()] {
        let held = measure(|| drop(black_box(Content::decode(&state)))).bytes_max;
        assert!(held <= BYTES_HELD_MAX, "a state of {} bytes held {held} bytes", state.len());
    }
}
