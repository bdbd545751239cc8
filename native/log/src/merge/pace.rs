//! How fast background work goes on: at the rate that the operator allows, and no faster than
//! what waits asks for. The rate rises with the debt, the bytes that wait to be merged, so that
//! they are worked off within a window; a driver that never lags never bursts.

/// A debt is to be worked off in this time.
const WINDOW_MS: u64 = 10 * 1000;
/// Even without a debt work goes on at this share of the allowed rate.
const LEAST_SHARE: u64 = 16;
/// What was not used is kept for so long.
const BURST_MS: u64 = 1000;

/// See the module. Pure: it is shown the clock.
#[derive(Clone, Debug)]
pub struct Pace {
    bytes_per_second_max: u64,
    /// Thousandths of bytes that may be read and written before the next pause; negative after a
    /// large step.
    allowance: i64,
    debt_bytes: u64,
    seen_ms: u64,
}

impl Pace {
    /// A pace that never exceeds so many bytes, read and written, a second.
    #[must_use]
    pub fn new(bytes_per_second_max: u64, now_ms: u64) -> Self {
        Self { bytes_per_second_max, allowance: 0, debt_bytes: 0, seen_ms: now_ms }
    }

    /// How many bytes wait to be merged.
    pub fn owe(&mut self, debt_bytes: u64) {
        self.debt_bytes = debt_bytes;
    }

    /// Bytes a second at the debt there is.
    #[must_use]
    pub fn bytes_per_second(&self) -> u64 {
        let least = (self.bytes_per_second_max / LEAST_SHARE).max(1);
        let wanted = self.debt_bytes.saturating_mul(1000) / WINDOW_MS;
        wanted.clamp(least, self.bytes_per_second_max.max(1))
    }

    /// Notes what a step has read and written.
    pub fn spend(&mut self, bytes: u64) {
        self.allowance = self.allowance.saturating_sub_unsigned(bytes.saturating_mul(1000));
    }

    /// Milliseconds until the next step may begin; 0 for at once. `now_ms` is monotonic.
    pub fn wait_ms(&mut self, now_ms: u64) -> u64 {
        let rate = self.bytes_per_second();
        let elapsed = now_ms.saturating_sub(self.seen_ms);
        self.seen_ms = now_ms.max(self.seen_ms);
        let burst = i64::try_from(rate.saturating_mul(BURST_MS)).unwrap_or(i64::MAX);
        let earned = rate.saturating_mul(elapsed);
        self.allowance = self.allowance.saturating_add_unsigned(earned).min(burst);
        if self.allowance >= 0 { 0 } else { self.allowance.unsigned_abs().div_ceil(rate) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MIB: u64 = 1 << 20;

    /// Bytes spent in so many seconds by steps of a MiB.
    fn spent(pace: &mut Pace, seconds: u64) -> u64 {
        let (mut now, mut bytes) = (0, 0);
        while now < seconds * 1000 {
            let wait = pace.wait_ms(now);
            if wait > 0 {
                now += wait;
                continue;
            }
            pace.spend(MIB);
            bytes += MIB;
        }
        bytes
    }

    #[test]
    fn a_large_debt_is_worked_off_at_the_full_rate_and_no_faster() {
        let mut pace = Pace::new(32 * MIB, 0);
        pace.owe(1 << 40);
        let bytes = spent(&mut pace, 100);
        assert!((3100 * MIB..=3240 * MIB).contains(&bytes), "{bytes}");
    }

    #[test]
    fn the_rate_rises_with_the_debt_between_its_bounds() {
        let mut pace = Pace::new(32 * MIB, 0);
        assert_eq!(pace.bytes_per_second(), 2 * MIB);
        pace.owe(10 * 8 * MIB);
        assert_eq!(pace.bytes_per_second(), 8 * MIB);
        pace.owe(u64::MAX);
        assert_eq!(pace.bytes_per_second(), 32 * MIB);
    }

    #[test]
    fn a_debt_that_stays_as_it_is_is_worked_off_within_the_window() {
        let mut pace = Pace::new(32 * MIB, 0);
        let debt = 10 * 4 * MIB;
        pace.owe(debt);
        assert!(spent(&mut pace, WINDOW_MS / 1000) >= debt);
    }

    #[test]
    fn idle_time_is_not_saved_up() {
        let mut pace = Pace::new(16 * MIB, 0);
        pace.owe(u64::MAX);
        assert_eq!(pace.wait_ms(1_000_000), 0);
        pace.spend(32 * MIB);
        assert_eq!(pace.wait_ms(1_000_000), 1000);
    }

    #[test]
    fn looking_often_earns_as_much_as_looking_seldom() {
        let mut pace = Pace::new(16, 0);
        pace.owe(u64::MAX);
        pace.spend(16);
        assert!((0..1000).all(|now| pace.wait_ms(now) > 0));
        assert_eq!(pace.wait_ms(1000), 0);
    }
}
