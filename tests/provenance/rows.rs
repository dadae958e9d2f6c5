//! What did this session do?

use session_ledger::ledger::QuestionError;
use session_ledger::session::{Unanswerable, WrittenBy};

use crate::shop::Scene;

#[tokio::test]
async fn a_session_is_asked_which_rows_it_wrote() {
    let scene = Scene::set().await;
    let (alice, bob) = (scene.visitor(), scene.visitor());
    let session = scene.session_of(&alice, "/login/alice").await;
    let other = scene.session_of(&bob, "/login/bob").await;
    for n in 0..3 {
        alice.post(&format!("/do/deed-{n}"), "").await;
    }
    bob.post("/do/other", "").await;
    let columns = [WrittenBy::new("deed", "by_session"), "public.deed.by_session".parse().unwrap()];
    let written = scene.ledger.rows_of(session, &columns, 2).await.unwrap();
    assert_eq!(written.len(), 2);
    assert_eq!(
        (written[0].table.as_str(), written[0].rows.len(), written[0].has_more),
        ("public.deed", 2, true)
    );
    let written = scene.ledger.rows_of(session, &columns[..1], 3).await.unwrap();
    assert!(!written[0].has_more);
    let all = written[0].rows.join(" ");
    assert!((0..3).all(|n| all.contains(&format!(r#""what": "deed-{n}""#))), "{all}");
    assert!(!all.contains("other"), "{all}");
    let written = scene.ledger.rows_of(other, &columns, 10).await.unwrap();
    assert_eq!(written[1].rows.len(), 1);
    assert_eq!(scene.ledger.rows_of(session, &[], 10).await.unwrap(), []);
}

/// Names are data for the catalogue, and never SQL.
#[tokio::test]
async fn any_name_is_quoted_by_the_server() {
    let scene = Scene::set().await;
    let strange = r#"create table "we""ird; drop table deed" ("By 'it" uuid default session_ledger.current_session());
                     grant all on "we""ird; drop table deed" to session_ledger_runtime"#;
    scene.sql(strange).await;
    let session = scene.session_of(&scene.visitor(), "/login/alice").await;
    scene.sql(&format!(r#"insert into "we""ird; drop table deed" values ('{session}')"#)).await;
    let column = WrittenBy::new(r#"we"ird; drop table deed"#, "By 'it");
    let written = scene.ledger.rows_of(session, &[column], 10).await.unwrap();
    assert_eq!(written[0].table, r#"public."we""ird; drop table deed""#);
    assert_eq!(written[0].rows, [format!(r#"{{"By 'it": "{session}"}}"#)]);
}

#[tokio::test]
async fn a_column_that_is_none_is_refused_by_its_name() {
    let scene = Scene::set().await;
    let session = scene.session_of(&scene.visitor(), "/login/alice").await;
    for (text, told) in [
        (
            "elsewhere.deed.by_session",
            "there is no table of `elsewhere.deed.by_session`, or this user does not see it: write \
             `schema.table.column`",
        ),
        (
            "nothing.x",
            "there is no table of `nothing.x`, or this user does not see it: write `schema.table.column`",
        ),
        (
            "deed.xmin2",
            "there is no column `deed.xmin2`: names are written as the catalogue has them, without quotes",
        ),
        (
            "deed.by_user",
            "the column `deed.by_user` has the type text: a column that holds session ids has the type uuid",
        ),
    ] {
        let column: WrittenBy = text.parse().unwrap();
        let refused = scene.ledger.rows_of(session, &[column], 10).await.unwrap_err();
        assert!(matches!(refused, QuestionError::Unanswerable(_)), "{refused:?}");
        assert_eq!(refused.to_string(), told);
    }
    let hidden =
        scene.ledger.rows_of(session, &["session_ledger.migration.version".parse().unwrap()], 1).await;
    let is_typed = |error: &QuestionError| {
        matches!(error, QuestionError::Unanswerable(Unanswerable::NoSessionIds { .. }))
    };
    assert!(hidden.as_ref().err().is_some_and(is_typed), "{hidden:?}");
}
