//! What standards ask of sessions, and which test shows each point: docs/STANDARDS.md is made from the list
//! here. Points that no other binary shows have their tests here too.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod apart;
mod asvs;
mod cheat_sheet;
mod cwe;
mod document;
mod fixation;
mod nist;
mod proof;
mod randomness;
mod signals;
mod transport;
mod wstg;
