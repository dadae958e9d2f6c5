//! How often a key may seal.
//!
//! Nonces are random and 96 bits long. NIST SP 800-38D (section 8.3) allows 2^32 seals under one key then. A
//! process sees only its own seals since it started, so it stops at half of that.

use std::sync::atomic::{AtomicU64, Ordering};

use super::key_ring::KeyId;

/// After how many seals to warn, and after how many to refuse.
#[derive(Clone, Copy)]
pub(super) struct SealBudget {
    pub(super) warn: u64,
    pub(super) refuse: u64,
}

impl SealBudget {
    pub(super) const DEFAULT: Self = Self { warn: 1 << 30, refuse: 1 << 31 };
}

/// How often one key of one purpose has sealed in this process. It outlives a reload of the key ring.
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
