//! Time that only moves when told to.

use std::sync::atomic::{AtomicU64, Ordering};

use crate::env::Clock;

/// A clock moved by its owner.
#[derive(Debug)]
pub struct SimClock {
    wall_ms: AtomicU64,
    monotonic_ms: AtomicU64,
}

impl SimClock {
    /// A clock that shows `wall_ms` since the epoch; its monotonic time begins at 0.
    #[must_use]
    pub fn new(wall_ms: u64) -> Self {
        Self { wall_ms: AtomicU64::new(wall_ms), monotonic_ms: AtomicU64::new(0) }
    }

    /// Time passes.
    pub fn advance(&self, ms: u64) {
        self.wall_ms.fetch_add(ms, Ordering::SeqCst);
        self.monotonic_ms.fetch_add(ms, Ordering::SeqCst);
    }

    /// Someone sets the wall clock; no time passes.
    pub fn set_wall(&self, wall_ms: u64) {
        self.wall_ms.store(wall_ms, Ordering::SeqCst);
    }
}

impl Clock for SimClock {
    fn wall_ms(&self) -> u64 {
        self.wall_ms.load(Ordering::SeqCst)
    }

    fn monotonic_ms(&self) -> u64 {
        self.monotonic_ms.load(Ordering::SeqCst)
    }
}
