//! Reading the log at one moment, in stretches, on several connections.

use std::sync::{Arc, Mutex, PoisonError};
use std::vec::IntoIter;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::task::JoinSet;

use super::{Error, Ledger};
use crate::store::connection::reading::Stretch;
use crate::store::projection::inspection::{Inspection, SharedMoment};

/// How many stretches the log is cut in: the readers take one after the other, so that none is left alone
/// with a long one.
pub(super) const STRETCHES: usize = 64;

/// How many connections read at a time.
const READERS: usize = 4;

/// How many reports wait before the readers wait.
const REPORTS_MAX: usize = 16;

/// What readers tell, until none is at work. They end when this is dropped.
pub(super) struct Reports<T, E> {
    reports: Receiver<Result<T, E>>,
    _readers: JoinSet<()>,
}

/// Reads stretches until none is left.
struct Reader<T, E> {
    ledger: Ledger,
    moment: SharedMoment,
    stretches: Arc<Mutex<IntoIter<Stretch>>>,
    tell: Sender<Result<T, E>>,
}

/// Reads all of `stretches` by `read`, which sees the moment of `lead` as long as that is there.
pub(super) async fn read<T, E, R>(
    ledger: &Ledger,
    lead: &Inspection,
    stretches: Vec<Stretch>,
    read: impl Fn(Arc<Inspection>, Stretch, Sender<Result<T, E>>) -> R + Clone + Send + Sync + 'static,
) -> Result<Reports<T, E>, Error>
where
    T: Send + 'static,
    E: From<Error> + Send + 'static,
    R: Future<Output = Result<(), E>> + Send + 'static,
{
    let moment = lead.export().await?;
    let stretches = Arc::new(Mutex::new(stretches.into_iter()));
    let (tell, reports) = channel(REPORTS_MAX);
    let mut readers = JoinSet::new();
    for _ in 0..READERS {
        let (ledger, moment, stretches) = (ledger.clone(), moment.clone(), stretches.clone());
        let reader = Reader { ledger, moment, stretches, tell: tell.clone() };
        readers.spawn(reader.run(read.clone()));
    }
    Ok(Reports { reports, _readers: readers })
}

impl<T, E> Reports<T, E> {
    /// The next report, or why a reader cannot go on; `None` when all stretches were read.
    pub(super) async fn next(&mut self) -> Result<Option<T>, E> {
        self.reports.recv().await.transpose()
    }
}

impl<T, E: From<Error>> Reader<T, E> {
    async fn run<R: Future<Output = Result<(), E>>>(
        self,
        read: impl Fn(Arc<Inspection>, Stretch, Sender<Result<T, E>>) -> R,
    ) {
        if let Err(error) = self.read_all(read).await {
            self.tell.send(Err(error)).await.ok();
        }
    }

    async fn read_all<R: Future<Output = Result<(), E>>>(
        &self,
        read: impl Fn(Arc<Inspection>, Stretch, Sender<Result<T, E>>) -> R,
    ) -> Result<(), E> {
        let mut inspection = None;
        while let Some(stretch) = self.next() {
            let inspection: &Arc<Inspection> = match &mut inspection {
                Some(inspection) => inspection,
                none => {
                    let client = self.ledger.own_connection().await?;
                    none.insert(Arc::new(Inspection::join(client, &self.moment).await?))
                }
            };
            read(inspection.clone(), stretch, self.tell.clone()).await?;
        }
        Ok(())
    }

    fn next(&self) -> Option<Stretch> {
        self.stretches.lock().unwrap_or_else(PoisonError::into_inner).next()
    }
}
