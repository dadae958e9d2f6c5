//! Progress: a bar on a terminal, plain lines elsewhere.

use std::io::{IsTerminal, stderr};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const BAR: &str = "{prefix} {wide_bar} {human_pos}/{human_len} {msg}";

/// The step at work. The bar is cleared with it.
#[derive(Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    step: &'static str,
    is_drawn: bool,
}

impl Progress {
    /// Begins a step of this number of parts.
    pub(crate) fn begin(step: &'static str, parts: usize) -> Self {
        let is_drawn = stderr().is_terminal();
        let target = if is_drawn { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
        let bar = ProgressBar::with_draw_target(Some(parts as u64), target).with_prefix(step);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self { bar, step, is_drawn }
    }

    /// Says what is being done; on a line of its own where no bar is drawn.
    pub(crate) fn say(&self, what: &str) {
        if self.is_drawn {
            self.bar.set_message(what.to_owned());
        } else {
            eprintln!("{}: {what}", self.step);
        }
    }

    /// A counter for code that counts parts elsewhere.
    pub(crate) fn bar(&self) -> ProgressBar {
        self.bar.clone()
    }

    /// One part is done.
    pub(crate) fn advance(&self) {
        self.bar.inc(1);
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.bar.finish_and_clear();
    }
}

/// A line that stays, above the bar.
pub(crate) fn note(text: &str) {
    eprintln!("{text}");
}
