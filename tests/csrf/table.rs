//! The table in the documentation of `Csrf`, row by row, against the middleware.

use std::collections::BTreeMap;

use poem::http::{Method, StatusCode};
use session_ledger::web::{Csrf, CsrfBuilder};
use test_support::Visitor;

use crate::scene::{EVIL, OWN, Scene, TRUSTED, send, signed_in, token_of};

const DOCUMENTATION: &str = include_str!("../../src/web/csrf.rs");
const HEAD: &str = "/// | `Sec-Fetch-Site` | `Origin` | `Csrf::new` | `strict` | Rails 8.2 |";

/// What the browser says: `Sec-Fetch-Site` and `Origin`.
type Said = (Option<&'static str>, Option<&'static str>);

/// The decisions: by default, strictly, by Rails.
type Decisions = [&'static str; 3];

const SITES: [Option<&str>; 6] =
    [Some("same-origin"), Some("same-site"), Some("cross-site"), Some("none"), Some("garbage"), None];
const ORIGINS: [Option<&str>; 5] = [None, Some(OWN), Some(TRUSTED), Some(EVIL), Some("null")];

#[test]
fn wstg_sess_05_the_table_says_something_of_all_that_a_browser_may_say() {
    assert_eq!(table().len(), SITES.len() * ORIGINS.len());
    assert!(table().values().flatten().all(|told| ["passes", "refused", "token"].contains(told)));
}

#[test]
fn wstg_sess_05_the_column_of_rails_is_what_rails_does() {
    // `verified_via_header_only?` in action_controller/metal/request_forgery_protection.rb of 8.2.
    let rails = |(site, origin): Said| match site {
        Some("same-origin" | "same-site") => "passes",
        Some("cross-site") if origin == Some(TRUSTED) => "passes",
        _ => "refused",
    };
    for (said, [_, _, told]) in table() {
        assert_eq!(told, rails(said), "{said:?}");
    }
}

#[test]
fn wstg_sess_05_the_first_column_is_what_go_does() {
    // `CrossOriginProtection.Check` in net/http/csrf.go of 1.25.
    let go = |(site, origin): Said| match (site, origin) {
        (Some("same-origin" | "none"), _) | (None, None | Some(OWN)) => "passes",
        (_, Some(TRUSTED)) => "passes",
        _ => "refused",
    };
    for (said, [told, _, _]) in table() {
        assert_eq!(told, go(said), "{said:?}");
    }
}

#[tokio::test]
async fn asvs_3_5_1_wstg_sess_05_the_middleware_decides_as_the_table_says() {
    let scene = Scene::new().await;
    let (default, strict) = (builder().build().unwrap(), builder().strict().build().unwrap());
    for (column, csrf) in [default, strict].into_iter().enumerate() {
        let app = scene.app(csrf);
        let (visitor, alice, bob) =
            (Visitor::new(&app), signed_in(&app, "alice").await, signed_in(&app, "bob").await);
        let (right, wrong) = (token_of(&alice).await, token_of(&bob).await);
        for (said, told) in table() {
            let is_passed = told[column] == "passes";
            let holds_token = is_passed || told[column] == "token";
            decides(&scene, &visitor, said, None, is_passed).await;
            decides(&scene, &alice, said, None, is_passed).await;
            decides(&scene, &alice, said, Some(&right), holds_token).await;
            decides(&scene, &alice, said, Some(&wrong), is_passed).await;
        }
    }
}

/// SP 800-63B, section 5.1: each POST and PUT brings the token of its session.
#[tokio::test]
async fn asvs_3_5_1_nist_n7_a_token_that_is_asked_for_is_needed_besides() {
    let scene = Scene::new().await;
    let app = scene.app(builder().ask_token().build().unwrap());
    let (visitor, alice, bob) =
        (Visitor::new(&app), signed_in(&app, "alice").await, signed_in(&app, "bob").await);
    let (right, wrong) = (token_of(&alice).await, token_of(&bob).await);
    for (said, [told, _, _]) in table() {
        let is_passed = told == "passes";
        decides(&scene, &visitor, said, None, is_passed).await;
        decides(&scene, &alice, said, Some(&right), is_passed).await;
        decides(&scene, &alice, said, Some(&wrong), false).await;
        decides(&scene, &alice, said, None, false).await;
    }
}

#[tokio::test]
async fn a_get_a_head_and_an_options_pass_whatever_the_browser_says() {
    let scene = Scene::new().await;
    let app = scene.app(Csrf::builder().strict().ask_token().build().unwrap());
    let alice = signed_in(&app, "alice").await;
    for (said, _) in table() {
        for method in [Method::GET, Method::HEAD, Method::OPTIONS] {
            let answer = send(&alice, method, "/change", &headers(said, None), "").await;
            assert_eq!(answer.status, StatusCode::OK);
            assert_eq!(answer.headers.get("vary"), None, "nobody has looked at where it comes from");
        }
    }
    assert_eq!(scene.ran.times(), 3 * table().len());
}

/// Sends the request with each method that changes something.
async fn decides(scene: &Scene, visitor: &Visitor, said: Said, token: Option<&str>, is_passed: bool) {
    for method in ["POST", "PUT", "PATCH", "DELETE", "TRACE", "PURGE"] {
        let before = scene.ran.times();
        let answer = send(visitor, method.parse().unwrap(), "/change", &headers(said, token), "").await;
        let expected = if is_passed { StatusCode::OK } else { StatusCode::FORBIDDEN };
        assert_eq!(answer.status, expected, "{method} {said:?} {}: {}", token.is_some(), answer.body);
        assert_eq!(scene.ran.times() - before, usize::from(is_passed), "no handler runs for what is refused");
        let vary: Vec<_> = answer.headers.get_all("vary").iter().collect();
        assert!(vary.iter().any(|value| *value == "Sec-Fetch-Site, Origin"), "{vary:?}");
    }
}

fn headers((site, origin): Said, token: Option<&str>) -> Vec<(&'static str, &str)> {
    let site = site.map(|site| ("sec-fetch-site", site));
    let origin = origin.map(|origin| ("origin", origin));
    site.into_iter().chain(origin).chain(token.map(|token| ("x-csrf-token", token))).collect()
}

fn builder() -> CsrfBuilder {
    Csrf::builder().trust(TRUSTED)
}

/// The table, written out.
fn table() -> BTreeMap<Said, Decisions> {
    let rows = DOCUMENTATION.lines().skip_while(|line| *line != HEAD).skip(2);
    let rows: Vec<Vec<_>> = rows
        .map_while(|line| line.strip_prefix("/// | "))
        .map(|row| row.trim_end_matches(" |").split(" | ").map(|cell| cell.trim_matches('`')).collect())
        .collect();
    let mut table = BTreeMap::new();
    for row in rows {
        let [site, origin, decisions @ ..] = &row[..] else { panic!("{row:?}") };
        let site = site_named(site);
        let decisions = Decisions::try_from(decisions).unwrap();
        for origin in origins_named(origin) {
            // `any other` is what no row before has named.
            if row[1] != "any other" || !table.contains_key(&(site, origin)) {
                assert_eq!(table.insert((site, origin), decisions), None, "one row for each: {row:?}");
            }
        }
    }
    table
}

fn site_named(name: &str) -> Option<&'static str> {
    match name {
        "absent" => None,
        "another value" => Some("garbage"),
        name => *SITES.iter().find(|site| **site == Some(name)).unwrap(),
    }
}

fn origins_named(name: &str) -> Vec<Option<&'static str>> {
    match name {
        "any" | "any other" => ORIGINS.to_vec(),
        "absent or own" => vec![None, Some(OWN)],
        "trusted" => vec![Some(TRUSTED)],
        name => panic!("{name}"),
    }
}
