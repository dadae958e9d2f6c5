//! A log that a test can read.

use std::io::Write;
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use tracing::subscriber::{DefaultGuard, NoSubscriber};
use tracing::{Dispatch, Level};
use tracing_subscriber::fmt::MakeWriter;

/// Somebody who listens to nothing, beside each test that listens.
///
/// tracing asks once for each place in the code whether anybody listens, and remembers the answer. While
/// there is one listener in the process, it asks the thread that comes to the place first, which may be that
/// of a test that does not listen: then nobody hears the place any more. Of two listeners it asks both.
static DEAF: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(NoSubscriber::new()));

/// How long a test waits for words that never come.
const BOUND: Duration = Duration::from_secs(60);

/// The output of a log subscriber. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct CapturedLog(Arc<Mutex<Vec<u8>>>);

impl CapturedLog {
    /// The log of this thread down to a level, without times and colours, until the guard is dropped.
    pub fn listen(level: Level) -> (Self, DefaultGuard) {
        Self::written(level, false)
    }

    /// The same, with the target of each line, by which a monitor selects lines.
    pub fn listen_with_targets(level: Level) -> (Self, DefaultGuard) {
        Self::written(level, true)
    }

    fn written(level: Level, with_target: bool) -> (Self, DefaultGuard) {
        let log = Self::default();
        let _deaf = &*DEAF;
        let subscriber = tracing_subscriber::fmt().with_writer(log.clone()).with_max_level(level);
        let subscriber = subscriber.without_time().with_ansi(false).with_target(with_target).finish();
        (log, tracing::subscriber::set_default(subscriber))
    }

    /// The bytes written so far.
    pub fn bytes(&self) -> Vec<u8> {
        self.0.lock().unwrap().clone()
    }

    /// The text written so far.
    pub fn text(&self) -> String {
        String::from_utf8(self.bytes()).unwrap()
    }

    /// Waits until the log holds these words.
    pub async fn until(&self, words: &str) {
        let said = tokio::time::timeout(BOUND, async {
            while !self.text().contains(words) {
                tokio::task::yield_now().await;
            }
        });
        said.await.unwrap_or_else(|_| panic!("`{words}` was not said, but: {}", self.text()));
    }

    /// The lines written so far, without the spaces around them.
    pub fn lines(&self) -> Vec<String> {
        self.text().lines().map(|line| line.trim().to_owned()).collect()
    }
}

impl Write for CapturedLog {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for CapturedLog {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
