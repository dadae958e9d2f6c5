//! How often each deed was answered in which way, so that no rule goes untried.

use std::collections::BTreeMap;
use std::sync::Mutex;

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
