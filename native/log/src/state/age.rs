//! Age marks: which seq was the last of an hour. They answer "which is the first seq younger
//! than A" with the grain that retention promises: an hour for ages below 48 hours, else a day.

use crate::format::effect::Effect;
use crate::options::Keep;
use crate::varint::{RowReader, put_varint};

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_HOURS: u32 = 24;
/// Ages of at least this have the grain of a day; older marks are kept by the day.
const DAY_GRAIN_HOURS: u32 = 48;

/// Marks of one chat. The newest hour ends at the head; most chats have no other.
#[derive(Clone, Debug, Default)]
pub(crate) struct AgeMarks {
    /// Hour of the newest record, since the epoch.
    newest_hour: u32,
    earlier: Option<Box<EarlierHours>>,
}

/// (hour, last seq) of earlier hours, oldest first; hours grow.
#[derive(Clone, Debug, Default)]
struct EarlierHours(Vec<(u32, u64)>);

impl AgeMarks {
    /// Notes that the head, until now `head`, grows by a record stamped `at`.
    /// Hours that lie 48 hours before `retention_now` need no finer grain than a day any more.
    #[inline]
    pub fn note(&mut self, at: u64, head: u64, floor: u64, retention_now: u64) {
        let hour = hour_of(at);
        if hour != self.newest_hour {
            self.begin_hour(hour, head, floor, retention_now);
        }
    }

    fn begin_hour(&mut self, hour: u32, head: u64, floor: u64, retention_now: u64) {
        if head >= floor && head > 0 {
            let ended = (self.newest_hour, head);
            self.earlier.get_or_insert_default().0.push(ended);
        }
        self.newest_hour = hour;
        if let Some(earlier) = &mut self.earlier {
            earlier.forget_below(floor);
            earlier.merge_days(hour_of(retention_now));
            if earlier.0.is_empty() {
                self.earlier = None;
            }
        }
    }

    /// The first seq not older than `age_ms` at `now`; head + 1 when all are older.
    pub fn first_younger(&self, age_ms: u64, now: u64, head: u64) -> u64 {
        if is_older_hour(self.newest_hour, age_ms, now) {
            return head + 1;
        }
        let earlier = self.earlier.as_ref().map(|earlier| earlier.0.as_slice()).unwrap_or_default();
        let older = earlier.iter().rev().find(|(hour, _)| is_older_hour(*hour, age_ms, now));
        older.map_or(1, |(_, last_seq)| last_seq + 1)
    }
}

impl AgeMarks {
    /// Appends them to a row, without what lies below `floor`.
    pub fn encode(&self, into: &mut Vec<u8>, floor: u64) {
        put_varint(into, u64::from(self.newest_hour));
        let earlier = self.earlier.as_ref().map(|earlier| earlier.0.as_slice()).unwrap_or_default();
        let kept = earlier.iter().filter(|(_, last_seq)| *last_seq >= floor);
        put_varint(into, kept.clone().count() as u64);
        for &(hour, last_seq) in kept {
            put_varint(into, u64::from(hour));
            put_varint(into, last_seq);
        }
    }

    /// Reads what `encode` wrote.
    pub fn decode(from: &mut RowReader<'_>) -> Option<Self> {
        let newest_hour = from.small()?;
        let mut earlier = Vec::new();
        for _ in 0..from.count()? {
            earlier.push((from.small()?, from.varint()?));
        }
        let earlier = (!earlier.is_empty()).then(|| Box::new(EarlierHours(earlier)));
        Some(Self { newest_hour, earlier })
    }
}

impl EarlierHours {
    fn forget_below(&mut self, floor: u64) {
        let dead = self.0.iter().take_while(|(_, last_seq)| *last_seq < floor).count();
        self.0.drain(..dead);
    }

    /// Hours of one day that lie 48 hours back are kept as one mark: its last hour.
    fn merge_days(&mut self, hour_now: u32) {
        let Some(limit) = hour_now.checked_sub(DAY_GRAIN_HOURS) else { return };
        let mut merged: Vec<(u32, u64)> = Vec::with_capacity(self.0.len());
        for &(hour, last_seq) in &self.0 {
            match merged.last_mut() {
                Some(last) if hour < limit && last.0 / DAY_HOURS == hour / DAY_HOURS => {
                    *last = (hour, last_seq);
                }
                _ => merged.push((hour, last_seq)),
            }
        }
        self.0 = merged;
    }
}

impl Effect<'_> {
    /// The age for which a chat is told to keep its records, where it is told any: `u64::MAX` for
    /// ever, 0 for none.
    pub fn longest_age_ms(&self) -> u64 {
        match self {
            Self::Configure { keep, .. } if *keep == Keep::Forever.byte() => u64::MAX,
            Self::Configure { max_age_ms, .. } => max_age_ms.unwrap_or_default(),
            _ => 0,
        }
    }
}

/// Hours since the epoch; a time stamp has 48 bits, so it fits.
fn hour_of(at: u64) -> u32 {
    u32::try_from(at / HOUR_MS).unwrap_or(u32::MAX)
}

/// Whether what was stamped `at` is older than `age_ms` at `now`, with the grain of ages.
pub(crate) fn is_older(at: u64, age_ms: u64, now: u64) -> bool {
    is_older_hour(hour_of(at), age_ms, now)
}

/// Only when the whole bucket, an hour or a day, is older.
fn is_older_hour(hour: u32, age_ms: u64, now: u64) -> bool {
    let Some(limit) = now.checked_sub(age_ms) else { return false };
    let by_day = age_ms >= u64::from(DAY_GRAIN_HOURS) * HOUR_MS;
    let next = if by_day {
        (hour / DAY_HOURS).saturating_add(1).saturating_mul(DAY_HOURS)
    } else {
        hour.saturating_add(1)
    };
    u64::from(next) * HOUR_MS <= limit
}
