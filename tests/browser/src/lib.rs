//! Real browsers for tests of pages: Chromium without a window, driven by ChromeDriver.
//!
//! A [`Driver`] starts browsers, each with a profile of its own. A [`Page`] acts as a person does, and waits
//! for what it needs. [`Eyes`] judge whether a page fits its screen, and keep a picture of it.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod driver;
mod eyes;
mod page;

pub use driver::{Driver, Setting};
pub use eyes::Eyes;
pub use fantoccini;
pub use page::Page;
