//! Nested routes: a handler finds their parameters beside its session, also when its request runs again after a
//! lost race.

use poem::web::Path;
use poem::{Result, Route, get, handler};
use session_ledger::{Key, Session};

const SEEN: Key<Vec<String>> = Key::new("seen");

/// Routes within routes. poem takes parameters at their ends only, not in the path of a `nest`.
pub fn routes() -> Route {
    Route::new().nest("/by-name", Route::new().at("/:shop/items/:item", get(item).post(item)))
}

/// Remembers what the visitor has looked at.
#[handler]
fn item(session: Session, Path((shop, item)): Path<(String, u32)>) -> Result<String> {
    let seen = session.update(&SEEN, |seen| {
        seen.push(format!("{item} of {shop}"));
        seen.join(", ")
    })?;
    Ok(seen)
}
