//! Where a running application gets its key ring from.

use std::error::Error;

use super::key_ring::KeyRing;

/// Where a running application gets its key ring from, and how it hears of a new one.
///
/// The library has a [file](crate::environment::KeyFile) and the
/// [environment](crate::environment::EnvironmentKeys). An application writes its own for a vault:
///
/// ```
/// use std::time::Duration;
///
/// use session_ledger::token::{KeyProvider, KeyRing, KeyRingError};
///
/// # struct Vault;
/// # impl Vault { async fn secret(&self, name: &str) -> String { name.to_owned() } }
/// struct VaultKeys(Vault);
///
/// impl KeyProvider for VaultKeys {
///     type Error = KeyRingError;
///
///     async fn key_ring(&mut self) -> Result<KeyRing, KeyRingError> {
///         KeyRing::parse(&self.0.secret("shop/session-keys").await)
///     }
///
///     async fn changed(&mut self) {
///         tokio::time::sleep(Duration::from_secs(60)).await;
///     }
/// }
/// ```
///
/// [`Sessions::follow_keys`](crate::web::Sessions::follow_keys) says how it is used.
pub trait KeyProvider: Send + 'static {
    /// Why there is no key ring. The message goes to the log, so it must not show a key.
    type Error: Error + Send;

    /// The key ring as it is now.
    fn key_ring(&mut self) -> impl Future<Output = Result<KeyRing, Self::Error>> + Send;

    /// Waits until there may be another key ring than the one before. If it is the same, nothing happens. May
    /// wait for ever.
    fn changed(&mut self) -> impl Future<Output = ()> + Send;
}
