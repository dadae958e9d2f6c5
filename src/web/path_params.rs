//! The path parameters that an outer `Route` has matched, kept for another run.

use std::fmt::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use poem::endpoint::make_sync;
use poem::http::Uri;
use poem::{Endpoint, Request, Route};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};

/// Names and values, in the order in which they were matched. A name may be there twice, as a `Route` may
/// stand within another.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct PathParams(Vec<(String, String)>);

impl PathParams {
    /// Those of a request as it is now.
    pub(super) fn of(request: &Request) -> Option<Self> {
        request.path_params().ok()
    }

    /// Gives them to a request that has none. None if that cannot be done.
    ///
    /// poem lets nobody but a `Route` do so. So each parameter is matched once more, by a `Route` that has it
    /// alone. The request's own address and data must be set afterwards.
    pub(super) async fn give(&self, mut request: Request) -> Option<Request> {
        for (name, value) in &self.0 {
            *request.uri_mut() = address_of(value)?;
            let matched = Arc::new(Mutex::new(None));
            let place = Arc::clone(&matched);
            let keep = make_sync(move |request| {
                *place.lock().unwrap_or_else(PoisonError::into_inner) = Some(request);
            });
            Route::new().try_at(format!("/*{name}"), keep).ok()?.call(request).await.ok()?;
            request = matched.lock().unwrap_or_else(PoisonError::into_inner).take()?;
        }
        Some(request)
    }
}

/// An address whose path is this value.
fn address_of(value: &str) -> Option<Uri> {
    let mut path = String::from("/");
    for byte in value.bytes() {
        match byte {
            b'/' | b'-' | b'.' | b'_' | b'~' => path.push(char::from(byte)),
            _ if byte.is_ascii_alphanumeric() => path.push(char::from(byte)),
            _ => write!(path, "%{byte:02X}").ok()?,
        }
    }
    path.parse().ok()
}

impl<'de> Deserialize<'de> for PathParams {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pairs)
    }
}

/// A map would lose the order, and one of two parameters of a name.
struct Pairs;

impl<'de> Visitor<'de> for Pairs {
    type Value = PathParams;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("path parameters")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PathParams, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(PathParams(pairs))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The parameters of a request that was matched by these patterns, one `Route` within the other.
    async fn matched(patterns: &[&str], path: &str) -> PathParams {
        let found = Arc::new(Mutex::new(None));
        let place = Arc::clone(&found);
        let note = move |request: Request| *place.lock().unwrap() = PathParams::of(&request);
        let mut route = Route::new().at(patterns[0], make_sync(note));
        for pattern in &patterns[1..] {
            route = Route::new().at(pattern, route);
        }
        route.call(Request::builder().uri(path.parse().unwrap()).finish()).await.unwrap();
        found.lock().unwrap().take().unwrap()
    }

    #[tokio::test]
    async fn each_kind_of_parameter_is_given_again_as_it_was() {
        for (patterns, path, count) in [
            (&["/item/:shop/:id"][..], "/item/a%2Fb/7", 2),
            (&["/e/:name<\\d+>/*rest"], "/e/12/x/y%20z/", 2),
            (&["/c/*"], "/c/d/e", 1),
            (&["/c/*rest"], "/c/", 1),
            (&["/:id/:id"], "/one/two", 2),
            (&["/a/:id", "/*path"], "/a/%C3%A9%25", 2),
            (&["/plain"], "/plain", 0),
        ] {
            let params = matched(patterns, path).await;
            assert_eq!(params.0.len(), count, "{path}: {params:?}");
            let again = params.give(Request::default()).await.unwrap();
            assert_eq!(PathParams::of(&again), Some(params), "{path}");
        }
    }

    proptest! {
        #[test]
        fn any_parameters_are_given_again(pairs in prop::collection::vec(("[a-z]{1,8}", any::<String>()), 0..4)) {
            let params = PathParams(pairs);
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let again = runtime.block_on(params.give(Request::default())).unwrap();
            prop_assert_eq!(PathParams::of(&again), Some(params));
        }
    }
}
