//! The limit of seals under one key.
//!
//! Nonces are random and 96 bits long, and NIST SP 800-38D (section 8.3) allows 2^32 seals under one key with
//! such nonces. A process knows only the seals that it made since it started, so it stops at half of the
//! limit.

use std::sync::atomic::{AtomicU64, Ordering};

use super::key_ring::KeyId;

/// The number of seals after which a warning is logged, and the number after which seals are refused.
#[derive(Clone, Copy)]
pub(super) struct SealBudget {
    pub(super) warn: u64,
    pub(super) refuse: u64,
}

impl SealBudget {
    pub(super) const DEFAULT: Self = Self { warn: 1 << 30, refuse: 1 << 31 };
}

/// The number of seals that this process made with one key for one purpose. It outlives a reload of the ring.
#[derive(Default)]
pub(super) struct SealCount(AtomicU64);

impl SealCount {
    /// Counts one more seal. `false` when the budget is spent.
    pub(super) fn take(&self, budget: SealBudget, key_id: KeyId) -> bool {
        // Relaxed: the count guards nothing but itself.
        let sealed = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        if sealed == budget.warn {
            let refused_at = budget.refuse;
            tracing::warn!(%key_id, sealed, refused_at, "promote a new primary key: this one nears its limit");
        }
        sealed <= budget.refuse
    }
}
