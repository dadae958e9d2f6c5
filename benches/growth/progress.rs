//! Progress of the filling: a bar on a terminal, a line now and then elsewhere.

use std::io::IsTerminal;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

const BAR: &str = "{msg} {wide_bar} {human_pos} of {human_len} events, {eta} left";
const BETWEEN_LINES: Duration = Duration::from_secs(10);

pub(crate) struct Progress {
    bar: ProgressBar,
    begun: Instant,
    said: Mutex<Instant>,
}

impl Progress {
    /// Shows the number of events written, of `events`.
    pub(crate) fn new(what: &'static str, events: i64) -> Self {
        let target = if std::io::stderr().is_terminal() {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(events.unsigned_abs()), target).with_message(what);
        if let Ok(style) = ProgressStyle::with_template(BAR) {
            bar.set_style(style);
        }
        Self { bar, begun: Instant::now(), said: Mutex::new(Instant::now()) }
    }

    pub(crate) fn add(&self, events: i64) {
        self.bar.inc(events.unsigned_abs());
        let mut said = self.said.lock().unwrap();
        if !std::io::stderr().is_terminal() && said.elapsed() >= BETWEEN_LINES {
            *said = Instant::now();
            eprintln!("{}: {}", self.bar.message(), self.line());
        }
    }

    pub(crate) fn finish(&self) {
        self.bar.finish_and_clear();
        if self.begun.elapsed() >= BETWEEN_LINES {
            eprintln!("filled: {}", self.line());
        }
    }

    fn line(&self) -> String {
        let (done, seconds) = (self.bar.position(), self.begun.elapsed().as_secs_f64());
        let of = self.bar.length().unwrap_or_default();
        format!("{done} of {of} events in {seconds:.0} s, {:.0} events/s", done as f64 / seconds)
    }
}
