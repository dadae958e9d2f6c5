//! An output that a test can read while it is written.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use serde_json::Value;
use tokio::io::AsyncWrite;

use super::BOUND;

/// Takes few bytes at a time, like a full pipe, and none at every other call.
#[derive(Clone, Default)]
pub(super) struct Output(Arc<Mutex<Taken>>);

#[derive(Default)]
struct Taken {
    bytes: Vec<u8>,
    calls: usize,
}

impl Output {
    /// The complete lines.
    pub(super) fn lines(&self) -> Vec<Value> {
        let text = self.text();
        let complete = text.rfind('\n').map_or("", |end| &text[..end]);
        complete.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    pub(super) fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().bytes.clone()).unwrap()
    }

    /// Waits until there are this many lines.
    pub(super) async fn until(&self, count: usize) {
        let reached = tokio::time::timeout(BOUND, async {
            while self.lines().len() < count {
                tokio::task::yield_now().await;
            }
        });
        reached.await.unwrap_or_else(|_| panic!("{} of {count} lines came", self.lines().len()));
    }
}

impl AsyncWrite for Output {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let mut taken = self.0.lock().unwrap();
        taken.calls += 1;
        if taken.calls % 2 == 1 {
            cx.waker().wake_by_ref();
            return Poll::Pending;
        }
        let count = bytes.len().min(300);
        taken.bytes.extend(&bytes[..count]);
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
