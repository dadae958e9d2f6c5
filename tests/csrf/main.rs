//! Requests that another site has sent: which are refused, and what that needs (ASVS 3.5.1, WSTG-SESS-05,
//! CWE-352).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod exempt;
mod renewal;
mod scene;
mod settings;
mod table;
mod token;
mod told;
