//! The retention clock: the time by which records expire. It follows the wall clock, but a jump
//! ahead freezes it, so that a wrong clock never erases anything.

const HOUR_MS: u64 = 60 * 60 * 1000;
/// How far a store may have slept between two openings.
const OPEN_STEP_MS: u64 = 7 * 24 * HOUR_MS;
/// How long a new time must hold before it is believed.
const TRUST_MS: u64 = 24 * HOUR_MS;

use crate::planted::{Bug, planted};

/// One look at both clocks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Instant {
    pub wall_ms: u64,
    pub monotonic_ms: u64,
}

/// See the module. Pure: it is shown the clocks.
#[derive(Clone, Debug)]
pub(crate) struct RetentionClock {
    retention_at: u64,
    /// Monotonic time of the last look; none since the store was opened.
    seen_ms: Option<u64>,
    /// Set while frozen: what was seen when the jump was met.
    frozen: Option<Instant>,
}

impl RetentionClock {
    /// Goes on from the newest batch; 0 in a new store.
    pub fn new(retention_at: u64) -> Self {
        Self { retention_at, seen_ms: None, frozen: None }
    }

    pub fn is_frozen(&self) -> bool {
        self.frozen.is_some()
    }

    /// The retention time as of now.
    pub fn observe(&mut self, now: Instant) -> u64 {
        let elapsed = self.seen_ms.map(|seen| now.monotonic_ms.saturating_sub(seen));
        self.seen_ms = Some(now.monotonic_ms);
        if planted(Bug::ClockJumpErases) {
            self.retention_at = self.retention_at.max(now.wall_ms);
            return self.retention_at;
        }
        match self.frozen {
            Some(since) => self.observe_frozen(now, since),
            None => {
                let allowed = elapsed.map_or(OPEN_STEP_MS, |elapsed| elapsed + HOUR_MS);
                let step = now.wall_ms.saturating_sub(self.retention_at);
                if self.retention_at == 0 || step <= allowed {
                    self.retention_at = self.retention_at.max(now.wall_ms);
                } else {
                    self.frozen = Some(now);
                }
            }
        }
        self.retention_at
    }

    fn observe_frozen(&mut self, now: Instant, since: Instant) {
        let elapsed = now.monotonic_ms.saturating_sub(since.monotonic_ms);
        let step = now.wall_ms.saturating_sub(self.retention_at);
        if step <= elapsed + HOUR_MS {
            self.frozen = None;
            self.retention_at = self.retention_at.max(now.wall_ms);
        } else if now.wall_ms.abs_diff(since.wall_ms + elapsed) > HOUR_MS {
            self.frozen = Some(now);
        } else if elapsed >= TRUST_MS {
            self.frozen = None;
            self.retention_at = now.wall_ms;
        }
    }
}
