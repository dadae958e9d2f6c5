//! The limit of seals under one key.
//!
//! Nonces are random and 96 bits long, and NIST SP 800-38D (section 8.3) allows 2^32 seals under one key with
//! such nonces, in all processes and over all restarts. So the seals of a key are recorded in the database,
//! ahead of the seals and in blocks: half of the limit may be recorded. The other half is for what a process
//! leaves unrecorded when it stops, which is at most [`SealBudget::unrecorded`].

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use super::key_ring::KeyId;

/// How many seals under one key may be recorded in all.
pub(crate) const SEALS_MAX: u64 = 1 << 31;

/// How many seals a process makes before it has any recorded, so that an application with few logins writes
/// nothing.
const FIRST_RECORDED: u64 = 1 << 10;

/// The least and the most seals that are recorded ahead at a time.
const BLOCK: (u64, u64) = (1 << 12, 1 << 20);

/// The number of seals after which a warning is logged, the number after which seals are refused, and how
/// many of a process's seals may be unrecorded.
#[derive(Clone, Copy)]
pub(super) struct SealBudget {
    pub(super) warn: u64,
    pub(super) refuse: u64,
    pub(super) unrecorded: u64,
}

impl SealBudget {
    /// For a sealer whose seals nobody records.
    pub(super) const ALONE: Self = Self { warn: 1 << 30, refuse: SEALS_MAX, unrecorded: u64::MAX };

    /// For a sealer whose seals are recorded: it goes on while the database is away for a moment.
    pub(super) const RECORDED: Self = Self { unrecorded: 1 << 16, ..Self::ALONE };
}

/// Why a key seals no more.
pub(super) enum Overdrawn {
    /// The budget is spent.
    Spent,
    /// Too many seals are not recorded.
    Unrecorded,
}

/// The seals that this process made with one key for one purpose. The count outlives a reload of the ring.
#[derive(Default)]
pub(super) struct SealCount {
    sealed: AtomicU64,
    /// How many of this process's seals are recorded, also ahead of them.
    recorded: AtomicU64,
    /// Whether no more seals may be recorded.
    is_spent: AtomicBool,
    is_asking: AtomicBool,
    has_warned: AtomicBool,
}

impl SealCount {
    /// Counts one more seal.
    pub(super) fn take(&self, budget: SealBudget, key_id: KeyId) -> Result<(), Overdrawn> {
        // Relaxed: the count guards nothing but itself.
        let sealed = self.sealed.fetch_add(1, Ordering::Relaxed) + 1;
        if sealed == budget.warn {
            self.warn(sealed, budget, key_id);
        }
        if sealed > budget.refuse {
            return Err(Overdrawn::Spent);
        }
        let surplus = sealed.saturating_sub(self.recorded.load(Ordering::Relaxed));
        if surplus > 0 && self.is_spent.load(Ordering::Relaxed) {
            return Err(Overdrawn::Spent);
        }
        if surplus > budget.unrecorded { Err(Overdrawn::Unrecorded) } else { Ok(()) }
    }

    /// How many seals should be recorded now, if any. Whoever gets a number must tell the outcome.
    pub(super) fn to_record(&self) -> Option<u64> {
        let (sealed, recorded) = (self.sealed.load(Ordering::Relaxed), self.recorded.load(Ordering::Relaxed));
        let block = recorded.clamp(BLOCK.0, BLOCK.1);
        let is_low = recorded.saturating_sub(sealed) < block / 2;
        let is_due = sealed >= FIRST_RECORDED && is_low && !self.is_spent.load(Ordering::Relaxed);
        let asks = is_due && !self.is_asking.swap(true, Ordering::Relaxed);
        asks.then(|| block + sealed.saturating_sub(recorded))
    }

    /// So many seals more are recorded, which makes so many in `all` processes.
    pub(super) fn record(&self, seals: u64, all: u64, budget: SealBudget, key_id: KeyId) {
        self.recorded.fetch_add(seals, Ordering::Relaxed);
        self.is_asking.store(false, Ordering::Relaxed);
        if all >= budget.warn {
            self.warn(all, budget, key_id);
        }
    }

    /// The seals could not be recorded; the next seal asks again.
    pub(super) fn record_failed(&self) {
        self.is_asking.store(false, Ordering::Relaxed);
    }

    /// No more seals may be recorded.
    pub(super) fn spend(&self) {
        self.is_spent.store(true, Ordering::Relaxed);
        self.is_asking.store(false, Ordering::Relaxed);
    }

    fn warn(&self, sealed: u64, budget: SealBudget, key_id: KeyId) {
        if !self.has_warned.swap(true, Ordering::Relaxed) {
            let refused_at = budget.refuse;
            tracing::warn!(%key_id, sealed, refused_at, "promote a new primary key: this one nears its limit");
        }
    }
}
