//! Golden files: the bytes that the library wrote once must be read, and written, for ever.
//!
//! `UPDATE_GOLDEN=1` writes missing files. An existing file is never overwritten: a difference means that
//! stored sessions would be misread. Correct the code, not the file.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::{Debug, Write as _};
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use session_ledger::session::{Content, DecodeError, Encoded, Event};

use crate::kinds::kinds;
use crate::{decode, payload, samples};

#[test]
fn every_golden_event_is_read_as_it_was_meant_and_written_as_it_was() {
    for (name, events) in samples_by_file() {
        let path = folder().join("events").join(&name);
        let payloads = golden(&path, &events, payload);
        assert_eq!(payloads.len(), events.len(), "{name} holds as many payloads as there are samples of it");
        for (payload, event) in payloads.iter().zip(&events) {
            assert_eq!(decode(event.kind(), event.shape(), payload).as_ref(), Ok(event), "{name}");
            assert_eq!(&crate::payload(event), payload, "{name}");
        }
    }
}

#[test]
fn the_golden_state_is_read_as_it_was_meant_and_written_as_it_was() {
    let content = samples::content();
    let stored = golden(&folder().join("state.6.hex"), std::slice::from_ref(&content), Content::encode);
    assert_eq!(stored.len(), 1);
    assert_eq!(Content::decode(&stored[0]).as_ref(), Ok(&content));
    assert_eq!(content.encode(), stored[0]);
}

#[test]
fn a_golden_state_of_an_older_shape_is_read_as_it_was_meant() {
    let older = [
        (1, samples::content_of_shape_1()),
        (2, samples::content_of_shape_2()),
        (3, samples::content_of_shape_3()),
        (4, samples::content_of_shape_4()),
        (5, samples::content()),
    ];
    for (shape, content) in older {
        let path = folder().join(format!("state.{shape}.hex"));
        let stored = golden(&path, std::slice::from_ref(&content), |_| Vec::new());
        assert_eq!(Content::decode(&stored[0]).as_ref(), Ok(&content), "shape {shape}");
    }
}

#[test]
fn every_golden_event_of_an_older_shape_is_known_and_read_as_it_was_meant() {
    for ((kind, shape), events) in samples::older_events() {
        let path = folder().join("events").join(file_name(kind, shape));
        let payloads = golden(&path, &events, |_| Vec::new());
        assert_eq!(payloads.len(), events.len());
        for (payload, event) in payloads.iter().zip(&events) {
            assert_eq!(decode(kind, shape, payload).as_ref(), Ok(event));
            assert!(Encoded::new(kind, shape, &payload[..]).is_known());
            let trailing = [&payload[..], &[0]].concat();
            let error = decode(kind, shape, &trailing).unwrap_err();
            assert_eq!(error, DecodeError::Malformed { what: kind.into(), shape });
        }
    }
}

#[test]
fn every_kind_and_shape_has_its_golden_file_and_no_file_is_orphaned() {
    let mut expected: BTreeSet<String> =
        kinds().iter().map(|(kind, shape)| file_name(kind, *shape)).collect();
    let sampled: BTreeSet<String> = samples_by_file().into_keys().collect();
    assert!(sampled.is_subset(&expected), "no sample is of an unknown kind");
    for (name, events) in samples_by_file() {
        golden(&folder().join("events").join(name), &events, payload);
    }
    expected.extend(samples::older_events().iter().map(|((kind, shape), _)| file_name(kind, *shape)));
    let found: BTreeSet<String> = fs::read_dir(folder().join("events"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(found, expected);
}

fn samples_by_file() -> BTreeMap<String, Vec<Event>> {
    let mut files = BTreeMap::<String, Vec<Event>>::new();
    for event in samples::events() {
        files.entry(file_name(event.kind(), event.shape())).or_default().push(event);
    }
    files
}

fn file_name(kind: &str, shape: i16) -> String {
    format!("{kind}.{shape}.hex")
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden")
}

/// The encoded facts of a golden file. A missing file is written first, if asked for.
fn golden<T: Debug>(path: &Path, facts: &[T], encode: impl Fn(&T) -> Vec<u8>) -> Vec<Vec<u8>> {
    if std::env::var_os("UPDATE_GOLDEN").is_some_and(|wanted| wanted == "1") {
        write_new(path, facts, encode);
    }
    let text = fs::read_to_string(path)
        .unwrap_or_else(|error| panic!("{} ({error}): write it with UPDATE_GOLDEN=1", path.display()));
    let payloads = text.lines().filter(|line| !line.starts_with('#'));
    payloads.map(|line| HEXLOWER.decode(line.as_bytes()).unwrap()).collect()
}

/// Each fact as a comment and a line of hexadecimal bytes.
fn write_new<T: Debug>(path: &Path, facts: &[T], encode: impl Fn(&T) -> Vec<u8>) {
    let mut text = String::new();
    for fact in facts {
        writeln!(text, "# {fact:?}\n{}", HEXLOWER.encode(&encode(fact))).unwrap();
    }
    if let Ok(mut file) = fs::File::create_new(path) {
        file.write_all(text.as_bytes()).unwrap();
    }
}
