//! Values that an application keeps: each comes back as it was, or is refused with what to do about it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod changed;
mod equal;
mod json;
mod layouts;
mod lossy;
mod names;
mod served;

use serde::Serialize;
use serde::de::DeserializeOwned;
use session_ledger::Key;
use session_ledger::session::ValueError;

/// What a value becomes when it is kept under a key and read again.
fn back<T: Serialize + DeserializeOwned + 'static>(key: Key<T>, value: &T) -> Result<T, ValueError> {
    key.decode(&key.encode(value)?)
}

/// The error of reading a value that was stored for another type under the same name.
fn misread<T, U>(value: &T) -> ValueError
where
    T: Serialize + DeserializeOwned + 'static,
    U: DeserializeOwned + 'static,
{
    let stored = Key::<T>::new("k").encode(value).unwrap();
    Key::<U>::new("k").decode(&stored).map(drop).unwrap_err()
}
