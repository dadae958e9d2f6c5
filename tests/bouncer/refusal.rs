//! Prepared statements behind such a pooler fail, and the error says what to do.

use session_ledger::Ledger;
use session_ledger::ledger::Error;

use crate::Scene;

#[tokio::test]
async fn a_lost_prepared_statement_is_refused_with_the_remedy() {
    let scene = Scene::set().await;
    let ledger = Ledger::builder(scene.pooler.config()).connections_max(1).connect().await.unwrap();
    // One server prepares it; the next one is asked to run it.
    let error = ledger.sessions(&"alice".into()).await.unwrap_err();
    assert!(matches!(error, Error::Misplaced(_)), "{error:?}");
    assert!(!error.is_retryable(), "it would happen again");
    let text = error.to_string();
    assert!(text.contains("build the ledger with `unnamed_statements()`"), "{text}");
    assert!(text.contains("(26000)"), "{text}");
}
