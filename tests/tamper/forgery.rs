//! Events with a right chain, by somebody who knows the library and may write events.

use session_ledger::internals::{Draft, Origin, Wish};
use session_ledger::ledger::RebuildOptions;
use session_ledger::session::{
    Assurance, Client, ClientProof, Entry, Policy, SessionId, SessionState, TokenHash, UserId,
};
use time::OffsetDateTime;
use uuid::Uuid;

use super::Scene;

/// Writes a session of the administrator, with a row that fits.
pub(super) async fn forge_session(scene: &Scene, role: &str, session: SessionId, start: OffsetDateTime) {
    let draft = Draft::anonymous(session, Policy::default().timeouts(), usize::MAX);
    forge(scene, role, session, draft, start).await;
}

/// Signs the administrator in to a session that is there.
pub(super) async fn forge_login(scene: &Scene, role: &str, session: SessionId) {
    let state: SessionState = scene.ledger.state_at(session, i64::MAX).await.unwrap();
    forge(scene, role, session, Draft::stored(session, state, usize::MAX), OffsetDateTime::now_utc()).await;
}

async fn forge(scene: &Scene, role: &str, session: SessionId, mut draft: Draft, at: OffsetDateTime) {
    let at = at.replace_nanosecond(at.microsecond() * 1000).unwrap();
    let (user, methods) = (UserId::from("admin"), vec!["pwd".to_owned()]);
    draft.wish(Wish::LogIn { user, methods, assurance: Assurance::Aal2, auth_time: None }, at).unwrap();
    let origin = Origin { at, client: Client::default(), actor: None };
    let random = || Uuid::new_v4().into_bytes();
    let written = draft.write(TokenHash::from_bytes([7; 32]), &origin, random).unwrap();
    for entry in &written.entries {
        insert(scene, role, session, entry).await;
    }
    // The forger computes the row; so does this.
    scene.ledger.rebuild(RebuildOptions::default().while_connected(), |_| {}).await.unwrap();
}

async fn insert(scene: &Scene, role: &str, session: SessionId, entry: &Entry) {
    let insert = "insert into session_ledger.event (
            session_id, version, event_id, kind, shape, user_id, payload, hash, occurred_at, user_agent,
            client_proof
        ) values ($1, $2::bigint, $3, $4, $5, $6, $7, $8::bytea, $9, $10, $11)";
    let user = entry.user.as_ref().map(UserId::as_str);
    let (_, user_agent) = Client::columns(entry.client.as_ref());
    let client = scene.connect(role).await;
    let (payload, hash) = (entry.encoded.payload(), entry.hash.as_bytes().as_slice());
    let (kind, shape) = (entry.encoded.kind(), entry.encoded.shape());
    client
        .execute(
            insert,
            &[
                &session.as_uuid(),
                &entry.version,
                &entry.event_id.as_uuid(),
                &kind,
                &shape,
                &user,
                &payload,
                &hash,
                &entry.occurred_at,
                &user_agent,
                &entry.client_proof.as_ref().map(ClientProof::as_bytes),
            ],
        )
        .await
        .unwrap();
}
