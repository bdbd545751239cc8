//! The retention clock: how far a round may move the time by which records expire.
//!
//! It follows the wall clock only as far as the monotonic clock vouches for it, so that a wall
//! clock set a month ahead erases nothing.

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
/// A step between two rounds that no monotonic time explains.
const SLACK_MS: u64 = HOUR_MS;
/// A step at open, where no monotonic time reaches back to the last round.
const SLACK_AT_OPEN_MS: u64 = 7 * DAY_MS;
/// How long the clocks must agree before a frozen clock believes the wall clock.
const TRUST_AFTER_MS: u64 = DAY_MS;

/// See the module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Clock {
    /// Stamp of the last round; 0 before the first.
    pub at: u64,
    /// Retention time of the last round; 0 before the first.
    pub retention_at: u64,
    any_round: bool,
    /// Monotonic time of the last round since the store was opened.
    last_monotonic: Option<u64>,
    frozen: Option<Freeze>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Freeze {
    wall: u64,
    monotonic: u64,
}

impl Clock {
    /// Of a store that was just opened, and whose last round had these stamps.
    pub(super) fn opened(round: u64, at: u64, retention_at: u64) -> Self {
        Self { at, retention_at, any_round: round > 0, last_monotonic: None, frozen: None }
    }

    /// Moves on by one round.
    pub(super) fn round(&mut self, wall: u64, monotonic: u64) {
        self.at = self.at.max(wall);
        self.retention_at = self.retention(wall, monotonic);
        self.last_monotonic = Some(monotonic);
        self.any_round = true;
    }

    /// Moves on by one round while others are on their way: by no more than a second.
    pub(super) fn round_behind_others(&mut self, wall: u64, monotonic: u64) {
        if wall.saturating_sub(self.retention_at) > 1000 {
            self.at = self.at.max(wall);
        } else {
            self.round(wall, monotonic);
        }
    }

    fn retention(&mut self, wall: u64, monotonic: u64) -> u64 {
        let now = self.retention_at;
        if !self.any_round {
            return wall;
        }
        if let Some(freeze) = self.frozen {
            return self.thaw(freeze, wall, monotonic);
        }
        let step = wall.saturating_sub(now);
        let allowed = match self.last_monotonic {
            Some(last) => monotonic.saturating_sub(last) + SLACK_MS,
            None => SLACK_AT_OPEN_MS,
        };
        if step > allowed {
            self.frozen = Some(Freeze { wall, monotonic });
            return now;
        }
        now.max(wall)
    }

    fn thaw(&mut self, freeze: Freeze, wall: u64, monotonic: u64) -> u64 {
        let now = self.retention_at;
        let passed = monotonic.saturating_sub(freeze.monotonic);
        if wall <= now.saturating_add(passed).saturating_add(SLACK_MS) {
            self.frozen = None;
            return now.max(wall);
        }
        if wall.abs_diff(freeze.wall.saturating_add(passed)) > SLACK_MS {
            self.frozen = Some(Freeze { wall, monotonic });
            return now;
        }
        if passed >= TRUST_AFTER_MS {
            self.frozen = None;
            return wall;
        }
        now
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1000 * DAY_MS;

    fn running() -> Clock {
        let mut clock = Clock::opened(0, 0, 0);
        clock.round(START, 0);
        clock
    }

    #[test]
    fn the_first_round_ever_takes_the_wall_clock() {
        assert_eq!(running().retention_at, START);
    }

    #[test]
    fn a_jump_of_a_month_moves_stamps_but_expires_nothing_until_a_day_agrees() {
        let mut clock = running();
        let jumped = START + 31 * DAY_MS;
        clock.round(jumped, 10);
        assert_eq!((clock.at, clock.retention_at), (jumped, START));
        clock.round(jumped + DAY_MS - 1, 10 + DAY_MS - 1);
        assert_eq!(clock.retention_at, START);
        clock.round(jumped + DAY_MS, 10 + DAY_MS);
        assert_eq!(clock.retention_at, jumped + DAY_MS);
    }

    #[test]
    fn a_clock_that_jumps_there_and_back_goes_on_as_if_nothing_had_happened() {
        let mut clock = running();
        clock.round(START + 31 * DAY_MS, 10);
        clock.round(START + 20, 20);
        assert_eq!((clock.at, clock.retention_at), (START + 31 * DAY_MS, START + 20));
        clock.round(START + 30, 30);
        assert_eq!(clock.retention_at, START + 30);
    }

    #[test]
    fn a_frozen_clock_that_jumps_again_waits_for_another_whole_day() {
        let mut clock = running();
        clock.round(START + 31 * DAY_MS, 10);
        clock.round(START + 62 * DAY_MS, 10 + 23 * HOUR_MS);
        clock.round(START + 62 * DAY_MS + 2 * HOUR_MS, 10 + 25 * HOUR_MS);
        assert_eq!(clock.retention_at, START);
    }

    #[test]
    fn a_step_of_seven_days_is_taken_at_open_and_a_longer_one_is_not() {
        let mut clock = Clock::opened(9, START, START);
        clock.round(START + 7 * DAY_MS, 0);
        assert_eq!(clock.retention_at, START + 7 * DAY_MS);
        let mut clock = Clock::opened(9, START, START);
        clock.round(START + 7 * DAY_MS + 1, 0);
        assert_eq!(clock.retention_at, START);
    }

    #[test]
    fn a_wall_clock_that_goes_back_stands_still_here() {
        let mut clock = running();
        clock.round(START - 5, 5);
        assert_eq!((clock.at, clock.retention_at), (START, START));
    }
}
