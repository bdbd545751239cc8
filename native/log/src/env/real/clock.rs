//! The machine's clocks.

use std::time::{SystemTime, UNIX_EPOCH};

use rustix::time::{ClockId, clock_gettime};

use crate::env::Clock;

/// The wall clock, and one that only grows and goes on while the machine is suspended.
pub(super) struct RealClock;

/// Retention compares the wall clock with what has elapsed, so sleep must count as elapsed.
#[cfg(target_os = "linux")]
const ELAPSED: ClockId = ClockId::Boottime;
#[cfg(not(target_os = "linux"))]
const ELAPSED: ClockId = ClockId::Monotonic;

impl Clock for RealClock {
    fn wall_ms(&self) -> u64 {
        // A clock before 1970 reads as 0: the log treats it as any other step backwards.
        let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX)
    }

    fn monotonic_ms(&self) -> u64 {
        let now = clock_gettime(ELAPSED);
        let seconds = u64::try_from(now.tv_sec).unwrap_or_default();
        let nanoseconds = u64::try_from(now.tv_nsec).unwrap_or_default();
        seconds.saturating_mul(1000).saturating_add(nanoseconds / 1_000_000)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wall_clock_is_past_2020_and_the_monotonic_one_does_not_fall() {
        assert!(RealClock.wall_ms() > 1_577_836_800_000);
        let before = RealClock.monotonic_ms();
        assert!(RealClock.monotonic_ms() >= before);
    }
}
