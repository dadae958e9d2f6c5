//! Damaged bytes.

use session_ledger::internals::STATE_BYTES_MAX;
use session_ledger::session::{Content, DecodeError, Encoded, Event};

use crate::{decode, payload, samples};

/// A whole session and 4 KiB: the most that is read.
const PAYLOAD_BYTES_MAX: usize = STATE_BYTES_MAX + 8 * 1024;

#[test]
fn every_truncated_payload_is_refused() {
    for event in samples::events() {
        let payload = payload(&event);
        for length in 0..payload.len() {
            let read = decode(event.kind(), event.shape(), &payload[..length]);
            assert_eq!(read, Err(malformed(event.kind(), event.shape())), "{length} bytes of {event:?}");
        }
    }
}

#[test]
fn a_trailing_byte_is_refused() {
    for event in samples::events() {
        let mut payload = payload(&event);
        payload.push(0);
        let error = decode(event.kind(), event.shape(), &payload).unwrap_err();
        assert_eq!(error, malformed(event.kind(), event.shape()));
    }
    let mut state = samples::content().encode();
    state.push(0);
    assert_eq!(Content::decode(&state), Err(malformed("session state", 6)));
}

#[test]
fn every_flipped_bit_is_refused_or_gives_another_event_of_exactly_these_bytes() {
    for event in samples::events() {
        let mut payload = payload(&event);
        for bit in 0..payload.len() * 8 {
            payload[bit / 8] ^= 1 << (bit % 8);
            if let Ok(other) = decode(event.kind(), event.shape(), &payload) {
                assert_ne!(other, event);
                assert_eq!(crate::payload(&other), payload);
            }
            payload[bit / 8] ^= 1 << (bit % 8);
        }
    }
}

#[test]
fn a_second_encoding_of_the_same_fact_is_refused() {
    assert!(decode("value_removed", 1, &[1, b'a']).is_ok());
    let padded_length = [0x81, 0x00, b'a'];
    assert_eq!(decode("value_removed", 1, &padded_length), Err(malformed("value_removed", 1)));
}

#[test]
fn damage_is_named() {
    let error = decode("value_set", 2, &[]).unwrap_err();
    assert_eq!(error.to_string(), "value_set of shape 2 does not decode: the stored bytes are damaged");
}

#[test]
fn a_payload_of_the_largest_size_is_read_and_one_byte_more_is_refused() {
    let removal = |length: usize| {
        let digits = u8::try_from(length & 0x7f).unwrap() | 0x80;
        let more = u8::try_from(length >> 7 & 0x7f).unwrap() | 0x80;
        let most = u8::try_from(length >> 14).unwrap();
        [vec![digits, more, most], vec![b'k'; length]].concat()
    };
    assert!(decode("value_removed", 1, &removal(PAYLOAD_BYTES_MAX - 3)).is_ok());
    let error = decode("value_removed", 1, &removal(PAYLOAD_BYTES_MAX - 2)).unwrap_err();
    let expected = DecodeError::TooLarge {
        what: "value_removed".into(),
        bytes: PAYLOAD_BYTES_MAX + 1,
        max: PAYLOAD_BYTES_MAX,
    };
    assert_eq!(error, expected);
    assert_eq!(
        error.to_string(),
        "value_removed has 73729 bytes, more than the 73728 that a session may hold"
    );
}

#[test]
fn an_unknown_kind_is_kept_as_it_is() {
    let read = decode("teleported", 1, &[1, 2, 3]).unwrap();
    let kept = Encoded::new("teleported", 1, vec![1, 2, 3]);
    assert_eq!(read, Event::Unknown(kept));
    assert_eq!((read.kind(), read.shape(), payload(&read)), ("teleported", 1, vec![1, 2, 3]));
}

#[test]
fn an_unknown_shape_of_every_known_kind_is_kept_as_it_is() {
    for event in samples::events() {
        for shape in [event.shape() + 1, 0, -1, i16::MAX] {
            let read = decode(event.kind(), shape, &payload(&event)).unwrap();
            let kept = Encoded::new(event.kind().to_owned(), shape, payload(&event));
            assert_eq!(read, Event::Unknown(kept));
            assert_eq!((read.kind(), read.shape(), payload(&read)), (event.kind(), shape, payload(&event)));
        }
    }
}

#[test]
fn every_truncated_state_is_refused() {
    let state = samples::content().encode();
    for length in 1..state.len() {
        assert_eq!(Content::decode(&state[..length]), Err(malformed("session state", 6)));
    }
    let error = Content::decode(&[]).unwrap_err();
    assert_eq!(error.to_string(), "session state of shape 0 does not decode: the stored bytes are damaged");
}

#[test]
fn a_state_of_unknown_shape_is_refused() {
    for shape in [0, 7, 255] {
        let mut state = samples::content().encode();
        state[0] = shape;
        assert_eq!(Content::decode(&state), Err(DecodeError::UnknownStateShape { shape }));
    }
    assert_eq!(
        DecodeError::UnknownStateShape { shape: 7 }.to_string(),
        "session state has shape 7, which this version does not know: run the version that wrote it, or \
         `projector rebuild` to derive the state again from the log"
    );
}

#[test]
fn a_state_over_the_largest_size_is_refused() {
    let state = vec![1; PAYLOAD_BYTES_MAX + 2];
    let error = Content::decode(&state).unwrap_err();
    assert_eq!(
        error.to_string(),
        "session state has 73729 bytes, more than the 73728 that a session may hold"
    );
}

fn malformed(what: &str, shape: i16) -> DecodeError {
    DecodeError::Malformed { what: what.into(), shape }
}
