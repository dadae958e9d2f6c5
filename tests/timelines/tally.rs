//! How often each deed was answered in which way, so that no rule goes untried.

use std::collections::BTreeMap;
use std::sync::Mutex;

use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

use crate::deed::Deed;

/// So many timelines try everything.
pub(crate) const ENOUGH: u64 = 400;

static ANSWERS: Mutex<BTreeMap<(String, u16), usize>> = Mutex::new(BTreeMap::new());

/// The deeds by their first word, and the statuses of their answers.
const WAYS: [(&str, &[u16]); 19] = [
    ("Show", &[200]),
    ("Me", &[200, 401]),
    ("Add", &[200, 409]),
    ("LogIn", &[200, 409]),
    ("Prove", &[200, 401]),
    ("Recent", &[200, 401]),
    ("RecentBy", &[200, 401]),
    ("Strong", &[200, 401]),
    ("Remember", &[200, 409, 500]),
    ("Forget", &[200]),
    ("Renew", &[200]),
    ("Limit", &[200, 409]),
    ("RenewalEvery", &[200]),
    ("Grant", &[200, 401]),
    ("TakeGrant", &[200, 403]),
    ("ChangeFactor", &[200, 401]),
    ("ActAs", &[200, 401]),
    ("ActAsSelf", &[200, 401]),
    ("LogOut", &[200]),
];

/// Counts how known sessions have fared.
pub(crate) struct Known(Snapshotter);

impl Known {
    /// Counts from now on.
    pub(crate) fn count() -> Self {
        let recorder = DebuggingRecorder::new();
        let known = Self(recorder.snapshotter());
        recorder.install().unwrap();
        known
    }

    /// How often each outcome was counted.
    pub(crate) fn outcomes(&self) -> BTreeMap<String, u64> {
        let metrics = self.0.snapshot().into_vec().into_iter();
        let known = metrics.filter(|(key, ..)| key.key().name() == "session_ledger_known_sessions_total");
        let mut outcomes = BTreeMap::new();
        for (key, _, _, value) in known {
            if let (Some(outcome), DebugValue::Counter(count)) = (key.key().labels().next(), value) {
                outcomes.insert(outcome.value().to_owned(), count);
            }
        }
        outcomes
    }
}

/// Notes the answer to a deed.
pub(crate) fn note(deed: &Deed, status: u16) {
    let shown = format!("{deed:?}");
    let name = shown.split([' ', '(']).next().unwrap_or_default().to_owned();
    *ANSWERS.lock().unwrap().entry((name, status)).or_default() += 1;
}

pub(crate) fn assert_that_each_deed_was_answered_in_each_way() {
    let answers = ANSWERS.lock().unwrap();
    println!("{answers:?}");
    for (deed, statuses) in WAYS {
        for status in statuses {
            assert!(answers.contains_key(&(deed.to_owned(), *status)), "no {deed} was answered {status}");
        }
    }
}
