//! The limit in bytes: which records are counted, where the floor may be put for it, and when.
//!
//! Invariants: `weights` holds every record that was counted since counting began and lies above
//! the last place the limit put the floor; each of `marks` is one of them. What acks, ages and
//! trims do to the floor changes nothing here.

use std::collections::{BTreeMap, BTreeSet};

use foq_log::{ChatOptions, GapReason, Retention};

use super::chat::Chat;
use crate::operation::OwnedAppend;

/// Bytes of a record's head, and of what may extend it.
const HEAD_BYTES: usize = 32;
const DEDUP_BYTES: usize = 16;
const GUARD_BYTES: usize = 8;
const SEAT_BYTES: usize = 8;

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Weighed {
    weights: BTreeMap<u64, u64>,
    marks: BTreeSet<u64>,
}

impl Weighed {
    /// Bytes of the counted records above `seq`.
    fn above(&self, seq: u64) -> u64 {
        self.weights.range(seq + 1..).map(|(_, bytes)| bytes).sum()
    }
}

/// Bytes that the record of this append has in the journal.
pub(super) fn weight(append: &OwnedAppend) -> u64 {
    let sender = append.sender_as.as_ref().or(append.sender_id.as_ref());
    let extended = append.dedup_key.as_ref().map_or(0, |_| DEDUP_BYTES)
        + append.guard.map_or(0, |_| GUARD_BYTES)
        + append.sender_as.as_ref().map_or(0, |_| SEAT_BYTES);
    let names = append.chat.len() + sender.map_or(0, String::len);
    (HEAD_BYTES + extended + names + append.payload.len()).next_multiple_of(8) as u64
}

impl Chat {
    /// The chat was configured: counting begins anew unless there was a limit and still is one.
    pub(super) fn reconfigured(&mut self, options: ChatOptions, store: &Retention) {
        let was_limited = self.retention(store).max_bytes > 0;
        self.options = options;
        if !was_limited || self.retention(store).max_bytes == 0 {
            self.weighed = Weighed::default();
        }
    }

    /// The newest record has this many bytes: a chat that has more than its limit above the last
    /// mark that counts loses what lies up to the first mark above which the rest fits. Marks are
    /// a sixteenth of the limit apart, or one record.
    pub(super) fn weigh(&mut self, bytes: u64, store: &Retention) {
        let max_bytes = self.retention(store).max_bytes;
        if max_bytes == 0 {
            return;
        }
        let weighed = &mut self.weighed;
        weighed.weights.insert(self.head, bytes);
        if weighed.above(weighed.marks.last().copied().unwrap_or(0)) >= max_bytes / 16 {
            weighed.marks.insert(self.head);
        }
        if weighed.above(0) <= max_bytes {
            return;
        }
        let fits = |mark: &&u64| weighed.above(**mark) <= max_bytes;
        let mut below_head = weighed.marks.range(..self.head);
        let Some(&mark) = below_head.clone().find(fits).or_else(|| below_head.next_back()) else {
            return;
        };
        weighed.weights = weighed.weights.split_off(&(mark + 1));
        weighed.marks = weighed.marks.split_off(&(mark + 1));
        self.raise_floor(mark + 1, GapReason::Quota);
        if self.floor == mark + 1 {
            self.reason = GapReason::Quota;
        }
    }
}
