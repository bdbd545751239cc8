//! Age marks: which seq was the last of an hour. They answer "which is the first seq younger
//! than A" with the grain that retention promises: an hour for ages below 48 hours, else a day.

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_HOURS: u64 = 24;
/// Ages of at least this have the grain of a day; older marks are kept by the day.
const DAY_GRAIN_MS: u64 = 48 * HOUR_MS;

/// Marks of one chat. The newest hour ends at the head and is kept apart.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgeMarks {
    /// Hour of the newest record.
    newest_hour: u64,
    /// (hour, last seq) of earlier hours, oldest first; hours grow.
    earlier: Vec<(u64, u64)>,
}

impl AgeMarks {
    /// Notes that the head, until now `head`, grows by a record stamped `at`.
    /// Hours that lie 48 hours before `retention_now` need no finer grain than a day any more.
    #[inline]
    pub fn note(&mut self, at: u64, head: u64, floor: u64, retention_now: u64) {
        let hour = at / HOUR_MS;
        if hour == self.newest_hour {
            return;
        }
        if head >= floor && head > 0 {
            self.earlier.push((self.newest_hour, head));
        }
        self.newest_hour = hour;
        self.forget_below(floor);
        self.merge_days(retention_now / HOUR_MS);
    }

    /// The first seq not older than `age_ms` at `now`; head + 1 when all are older.
    pub fn first_younger(&self, age_ms: u64, now: u64, head: u64) -> u64 {
        if is_older_hour(self.newest_hour, age_ms, now) {
            return head + 1;
        }
        let older = self.earlier.iter().rev().find(|(hour, _)| is_older_hour(*hour, age_ms, now));
        older.map_or(1, |(_, last_seq)| last_seq + 1)
    }

    fn forget_below(&mut self, floor: u64) {
        let dead = self.earlier.iter().take_while(|(_, last_seq)| *last_seq < floor).count();
        self.earlier.drain(..dead);
    }

    /// Hours of one day that lie 48 hours back are kept as one mark: its last hour.
    fn merge_days(&mut self, hour_now: u64) {
        let Some(limit) = hour_now.checked_sub(DAY_GRAIN_MS / HOUR_MS) else { return };
        let mut merged: Vec<(u64, u64)> = Vec::with_capacity(self.earlier.len());
        for &(hour, last_seq) in &self.earlier {
            match merged.last_mut() {
                Some(last) if hour < limit && last.0 / DAY_HOURS == hour / DAY_HOURS => {
                    *last = (hour, last_seq);
                }
                _ => merged.push((hour, last_seq)),
            }
        }
        self.earlier = merged;
    }
}

/// Whether what was stamped `at` is older than `age_ms` at `now`, with the grain of ages.
pub(crate) fn is_older(at: u64, age_ms: u64, now: u64) -> bool {
    is_older_hour(at / HOUR_MS, age_ms, now)
}

/// Only when the whole bucket, an hour or a day, is older.
fn is_older_hour(hour: u64, age_ms: u64, now: u64) -> bool {
    let Some(limit) = now.checked_sub(age_ms) else { return false };
    let by_day = age_ms >= DAY_GRAIN_MS;
    let next = if by_day { (hour / DAY_HOURS + 1) * DAY_HOURS } else { hour + 1 };
    next * HOUR_MS <= limit
}
