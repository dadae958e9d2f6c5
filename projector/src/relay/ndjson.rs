//! Events as lines of JSON: to standard output, or into a file.
//!
//! A line counts once its newline is there. A file is kept so that it has whole lines only, and is synced
//! before an event counts as delivered. What a pipe has taken counts at once.

use std::io::{self, SeekFrom};
use std::path::{Path, PathBuf};
use std::pin::Pin;

use tokio::fs::{File, OpenOptions};
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWrite, AsyncWriteExt};

use super::sink::{Closed, Deliveries, Delivery, Sink};
use crate::envelope::Envelope;

/// How much of a file's end is read at once to find its last whole line.
const PIECE_BYTES: u64 = 64 * 1024;

/// Lines to an output that is open already, such as standard output.
#[derive(Debug)]
pub struct Lines<W> {
    output: W,
    /// Whether a failure may have left a part of a line behind.
    is_torn: bool,
}

/// Lines behind those that a file holds.
#[derive(Debug)]
pub struct LineFile {
    path: PathBuf,
    /// None before the first line, and after a failure.
    file: Option<File>,
}

impl<W: AsyncWrite + Send + Unpin> Lines<W> {
    /// Lines to `output`.
    pub fn new(output: W) -> Self {
        Self { output, is_torn: false }
    }

    async fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        if self.is_torn {
            self.output.write_all(b"\n").await?;
        }
        self.is_torn = true;
        self.output.write_all(lines).await?;
        self.output.flush().await?;
        self.is_torn = false;
        Ok(())
    }
}

impl LineFile {
    /// Lines behind those of the file at `path`, which is made if it is not there.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), file: None }
    }

    async fn write(&mut self, lines: &[u8]) -> io::Result<()> {
        // After a failure it is opened anew: what was begun is cut off, and comes again.
        let mut file = match self.file.take() {
            Some(file) => file,
            None => open(&self.path).await?,
        };
        file.write_all(lines).await?;
        file.flush().await?;
        file.sync_data().await?;
        self.file = Some(file);
        Ok(())
    }
}

impl<W: AsyncWrite + Send + Unpin> Sink for Lines<W> {
    fn name(&self) -> String {
        "the output".to_owned()
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move {
            let (deliveries, lines) = lines(events);
            match self.write(&lines).await {
                Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Err(Closed::reader_gone()),
                written => Ok(told(written, deliveries)),
            }
        })
    }
}

impl Sink for LineFile {
    fn name(&self) -> String {
        format!("file {}", self.path.display())
    }

    fn keeps_order(&self) -> bool {
        true
    }

    fn publish<'a>(
        &'a mut self,
        events: &'a [Envelope],
    ) -> Pin<Box<dyn Future<Output = Deliveries> + Send + 'a>> {
        Box::pin(async move {
            let (deliveries, lines) = lines(events);
            Ok(told(self.write(&lines).await, deliveries))
        })
    }
}

/// The lines of the events, and what becomes of each once they are written.
fn lines(events: &[Envelope]) -> (Vec<Delivery>, Vec<u8>) {
    let mut lines = Vec::new();
    let deliveries = events.iter().map(|event| match event.line() {
        Ok(line) => {
            lines.extend(line);
            Delivery::Acknowledged
        }
        Err(error) => Delivery::Refused(format!("it cannot be written as JSON: {error}")),
    });
    (deliveries.collect(), lines)
}

/// Lines are written together: if that failed, nobody knows which of them are there.
fn told(written: io::Result<()>, deliveries: Vec<Delivery>) -> Vec<Delivery> {
    let Err(error) = written else { return deliveries };
    let failed = |delivery| match delivery {
        Delivery::Refused(reason) => Delivery::Refused(reason),
        _ => Delivery::Failed(error.to_string()),
    };
    deliveries.into_iter().map(failed).collect()
}

/// Opens a file behind its last whole line. What follows that was never acknowledged, and is cut off.
async fn open(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    let mut file = options.read(true).write(true).create(true).truncate(false).open(path).await?;
    let end = whole_lines_end(&mut file).await?;
    file.set_len(end).await?;
    file.seek(SeekFrom::Start(end)).await?;
    Ok(file)
}

/// Where the last whole line of a file ends.
async fn whole_lines_end(file: &mut File) -> io::Result<u64> {
    let mut end = file.metadata().await?.len();
    let mut piece = Vec::new();
    while end > 0 {
        let start = end.saturating_sub(PIECE_BYTES);
        file.seek(SeekFrom::Start(start)).await?;
        piece.clear();
        (&mut *file).take(end - start).read_to_end(&mut piece).await?;
        if let Some(at) = piece.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}
