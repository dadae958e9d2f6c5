//! Progress of commands that read the whole log.

use std::io::Write;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use session_ledger::ledger::Progress;

use crate::Console;

/// The number of events between two lines, where no bar can be drawn.
const EVENTS_BETWEEN_LINES: u64 = 100_000;

const BAR: &str = "{msg} {wide_bar} {human_pos} of about {human_len} events, {per_sec}, {eta} left";
const WRITING: &str =
    "{msg} {wide_bar} {human_pos} of {human_len} sessions have their rows, {per_sec}, {eta} left";
const STEPS: &str = "{msg} {wide_bar} {human_pos} of {human_len}, {eta} left";
const STEPS_OF_UNKNOWN: &str = "{msg} {spinner} {human_pos} so far";
const SPINNER: &str = "{msg} {spinner} {human_pos} events";

/// A bar on a terminal, plain lines elsewhere.
pub(crate) struct Gauge<'a> {
    what: &'static str,
    notes: &'a mut (dyn Write + Send),
    bar: Option<ProgressBar>,
    line_due: u64,
    /// Whether it shows how many sessions have got their rows, and no longer how many events were read.
    is_writing: bool,
}

impl<'a> Gauge<'a> {
    /// A gauge for doing `what`, such as `Verifying`.
    pub(crate) fn new(what: &'static str, console: &'a mut Console<'_>) -> Self {
        let bar = console.notes_is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr()).with_message(what);
            dress(&bar, SPINNER);
            bar
        });
        Self { what, notes: &mut *console.notes, bar, line_due: 0, is_writing: false }
    }

    /// Shows the progress.
    pub(crate) fn show(&mut self, progress: Progress) {
        if progress.is_read && progress.sessions_found > 0 {
            return self.show_writing(progress);
        }
        match &self.bar {
            Some(bar) => draw(bar, progress),
            None if progress.events >= self.line_due && !progress.is_read => self.write(progress),
            None => {}
        }
    }

    /// Shows how many of the sessions whose rows differed have got others.
    fn show_writing(&mut self, progress: Progress) {
        let is_first = !std::mem::replace(&mut self.is_writing, true);
        let (written, found) = (progress.sessions_written, progress.sessions_found);
        if let Some(bar) = &self.bar {
            if is_first {
                dress(bar, WRITING);
                bar.set_length(found);
                bar.reset_eta();
            }
            bar.set_position(written);
        } else if is_first || written >= self.line_due {
            self.line_due = written + STEPS_BETWEEN_LINES;
            writeln!(self.notes, "{}: {written} of {found} sessions have their rows", self.what).ok();
        }
    }

    /// A line that cannot be written is no reason to stop.
    fn write(&mut self, progress: Progress) {
        self.line_due = progress.events + EVENTS_BETWEEN_LINES;
        let of = progress.events_estimated.map(|events| format!(" of about {events}")).unwrap_or_default();
        writeln!(self.notes, "{}: {}{of} events", self.what, progress.events).ok();
    }
}

/// Clears the bar, so that the report stands alone.
impl Drop for Gauge<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

fn draw(bar: &ProgressBar, progress: Progress) {
    if let (Some(estimated), None) = (progress.events_estimated, bar.length()) {
        dress(bar, BAR);
        bar.set_length(estimated);
    }
    // The server's count may be old.
    if bar.length().is_some_and(|length| length < progress.events) {
        bar.set_length(progress.events);
    }
    bar.set_position(progress.events);
}

fn dress(bar: &ProgressBar, template: &str) {
    if let Ok(style) = ProgressStyle::with_template(template) {
        bar.set_style(style);
    }
}

/// How many steps lie between two lines, where no bar can be drawn.
const STEPS_BETWEEN_LINES: u64 = 1_000;

/// A bar for work in steps, or plain lines.
pub(crate) struct Steps<'a> {
    what: &'static str,
    number: Option<u64>,
    notes: &'a mut (dyn Write + Send),
    bar: Option<ProgressBar>,
    line_due: u64,
}

impl<'a> Steps<'a> {
    /// For doing `what`, such as `Ending`, with a number of things, if that is known.
    pub(crate) fn new(what: &'static str, number: Option<u64>, console: &'a mut Console<'_>) -> Self {
        let bar = console.notes_is_terminal.then(|| {
            let bar = ProgressBar::with_draw_target(number, ProgressDrawTarget::stderr()).with_message(what);
            dress(&bar, if number.is_some() { STEPS } else { STEPS_OF_UNKNOWN });
            bar
        });
        Self { what, number, notes: &mut *console.notes, bar, line_due: STEPS_BETWEEN_LINES }
    }

    /// Shows how many were done. A line that cannot be written is no reason to stop.
    pub(crate) fn show(&mut self, done: u64) {
        match &self.bar {
            Some(bar) => bar.set_position(done),
            None if done >= self.line_due => {
                self.line_due = done + STEPS_BETWEEN_LINES;
                let of = self.number.map(|number| format!(" of {number}")).unwrap_or_default();
                writeln!(self.notes, "{}: {done}{of}", self.what).ok();
            }
            None => {}
        }
    }
}

impl Drop for Steps<'_> {
    fn drop(&mut self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }
}

#[test]
fn without_a_terminal_a_line_is_written_now_and_then() {
    let (mut out, mut notes) = (Vec::new(), Vec::new());
    let mut console = Console::plain(&mut out, &mut notes);
    let mut gauge = Gauge::new("Rebuilding", &mut console);
    for events in (0..=250_000).step_by(1000) {
        let mut progress = Progress::default();
        (progress.events, progress.events_estimated) = (events, Some(240_000));
        progress.is_read = events == 250_000;
        gauge.show(progress);
    }
    drop(gauge);
    let lines = [0, 100_000, 200_000].map(|events| format!("Rebuilding: {events} of about 240000 events\n"));
    assert_eq!(String::from_utf8(notes), Ok(lines.concat()));
    assert!(out.is_empty());
}
