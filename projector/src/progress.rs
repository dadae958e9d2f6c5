//! Showing how far reading the log has come.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use session_ledger::ledger::Progress;

use crate::Console;

/// After how many events a line is written where no bar can be drawn.
const EVENTS_BETWEEN_LINES: u64 = 100_000;

const BAR: &str = "{msg} {bar:32} {human_pos} of about {human_len} events, {eta} left";
const SPINNER: &str = "{msg} {spinner} {human_pos} events";

/// A bar on a terminal, plain lines elsewhere.
pub(crate) struct Gauge<'a> {
    what: &'static str,
    notes: &'a mut (dyn Write + Send),
    bar: Option<ProgressBar>,
    line_due: u64,
}

impl<'a> Gauge<'a> {
    /// A gauge for doing `what`, such as `Verifying`.
    pub(crate) fn new(what: &'static str, console: &'a mut Console<'_>) -> Self {
        let bar = console
            .notes_is_terminal
            .then(|| ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(what));
        Self { what, notes: &mut *console.notes, bar, line_due: 0 }
    }

    /// Shows how far it has come.
    pub(crate) fn show(&mut self, progress: Progress) {
        match &self.bar {
            Some(bar) => draw(bar, progress),
            None if progress.events >= self.line_due && !progress.is_read => self.write(progress),
            None => {}
        }
    }

    /// A line that cannot be written is no reason to stop.
    fn write(&mut self, progress: Progress) {
        self.line_due = progress.events + EVENTS_BETWEEN_LINES;
        let of = progress.events_estimated.map(|events| format!(" of about {events}")).unwrap_or_default();
        writeln!(self.notes, "{}: {}{of} events", self.what, progress.events).ok();
    }
}

/// What was drawn goes, so that the report stands alone.
impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn draw(bar: &ProgressBar, progress: Progress) {
    if let (Some(estimated), None) = (progress.events_estimated, bar.length()) {
        bar.set_length(estimated);
    }
    let template = if bar.length().is_some() { BAR } else { SPINNER };
    if progress.events == 0
        && let Ok(style) = ProgressStyle::with_template(template)
    {
        bar.set_style(style);
    }
    if bar.length().is_some_and(|length| length < progress.events) {
        bar.set_length(progress.events);
    }
    bar.set_position(progress.events);
}
