//! What a chat under `maxBytes` weighs, and how far its floor must rise for it.
//!
//! Records are counted in sections of a sixteenth of the limit; where more than the limit is
//! held, the oldest sections are released. Counting begins when the limit comes into force and
//! knows nothing of floors, cursors and clocks: the same records in the same order, under the
//! same limits, always say the same. So judging and replay agree, in whatever order acks reach
//! the disk.
//!
//! There are at most some twenty sections; a limit that was raised step by step leaves sixteen
//! smaller ones for each doubling.

use super::chat::ChatState;
use crate::format::LittleEndian;
use crate::ops::ChatOptions;
use crate::options::Retention;
use crate::overlay::Overlay;
use crate::planted::{Bug, planted};

/// Grain of the limit.
const SECTIONS: u64 = 16;

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Quota {
    /// Last seq of each finished section, and its bytes; oldest first.
    sections: Vec<(u64, u64)>,
    /// Bytes of the records after them.
    open: u64,
    /// Bytes of all.
    held: u64,
}

impl Quota {
    /// Counts the newest record, `seq`, which has so many bytes in the journal. Says the floor
    /// that follows where it made the chat pass its limit; the newest record itself stays.
    pub fn count(&mut self, seq: u64, bytes: u64, max_bytes: u64) -> Option<u64> {
        self.held += bytes;
        self.open += bytes;
        if self.open >= max_bytes / SECTIONS {
            self.sections.push((seq, self.open));
            self.open = 0;
        }
        let mut released = 0;
        let mut floor = None;
        for &(last_seq, bytes) in &self.sections {
            if self.held <= max_bytes || last_seq >= seq {
                break;
            }
            self.held -= bytes;
            released += 1;
            floor = Some(last_seq + 1);
        }
        self.sections.drain(..released);
        floor
    }

    /// Appends: bytes of the unfinished section (8), number of sections (4), and of each its last
    /// seq (8) and bytes (8).
    pub fn encode(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.open.to_le_bytes());
        let count = u32::try_from(self.sections.len()).unwrap_or_default();
        out.extend_from_slice(&count.to_le_bytes());
        for (last_seq, bytes) in &self.sections {
            out.extend_from_slice(&last_seq.to_le_bytes());
            out.extend_from_slice(&bytes.to_le_bytes());
        }
    }

    /// What `encode` wrote at the start of `bytes`, and how many bytes that is.
    pub fn decode(bytes: &[u8]) -> Option<(Self, usize)> {
        let (head, rest) = bytes.split_at_checked(12)?;
        let sections_bytes = usize::try_from(head.u32_at(8)).ok()?.checked_mul(16)?;
        let sections = rest.get(..sections_bytes)?.chunks_exact(16);
        let sections: Vec<_> = sections.map(|pair| (pair.u64_at(0), pair.u64_at(8))).collect();
        let open = head.u64_at(0);
        let add = |held: u64, section: &(u64, u64)| held.checked_add(section.1);
        let held = sections.iter().try_fold(open, add)?;
        Some((Self { sections, open, held }, 12 + sections_bytes))
    }
}

/// The limit of a chat with these overrides; 0 is none.
fn max_bytes(store: &Retention, options: &ChatOptions) -> u64 {
    options.max_bytes.unwrap_or(store.max_bytes)
}

/// Whether counting begins anew when the overrides become `new`: it never spans a time without
/// a limit.
fn begins_anew(store: &Retention, old: &ChatOptions, new: &ChatOptions) -> bool {
    max_bytes(store, old) == 0 || max_bytes(store, new) == 0
}

impl ChatState {
    /// The limit in force here; 0 is none.
    #[inline]
    pub fn max_bytes(&self, store: &Retention) -> u64 {
        self.cold().map_or(store.max_bytes, |cold| max_bytes(store, &cold.options))
    }

    /// Replaces the overrides.
    pub(super) fn configure(&mut self, options: ChatOptions, store: &Retention) {
        let cold = self.cold_mut();
        if begins_anew(store, &cold.options, &options) {
            cold.quota = None;
        }
        cold.options = options;
    }
}

impl Overlay {
    /// The limit as it will be; 0 is none.
    #[inline]
    pub fn max_bytes(&self, state: &ChatState, store: &Retention) -> u64 {
        match self.options() {
            Some(options) => max_bytes(store, &options),
            None => state.max_bytes(store),
        }
    }

    /// Mirrors `ChatState::configure`.
    pub fn configure(&mut self, state: &ChatState, store: &Retention, options: ChatOptions) {
        let old = self.options().unwrap_or_else(|| state.options());
        let more = self.more_mut();
        if begins_anew(store, &old, &options) {
            more.quota = Some(Box::default());
        }
        more.options = Some(options);
    }

    /// Mirrors what `ChatState::apply` of a record does for the limit.
    #[inline]
    pub fn weigh(&mut self, state: &ChatState, store: &Retention, seq: u64, bytes: u64) {
        let max_bytes = self.max_bytes(state, store);
        if max_bytes == 0 || planted(Bug::QuotaForgottenInFlight) {
            return;
        }
        let stored = || state.cold().and_then(|cold| cold.quota.clone()).unwrap_or_default();
        let quota = self.more_mut().quota.get_or_insert_with(stored);
        if let Some(floor) = quota.count(seq, bytes, max_bytes) {
            self.floor = self.floor.max(floor);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Floors that follow from records of these bytes under a limit of 1,600 bytes.
    fn floors(records: &[u64]) -> Vec<Option<u64>> {
        let mut quota = Quota::default();
        (1..).zip(records).map(|(seq, &bytes)| quota.count(seq, bytes, 1600)).collect()
    }

    #[test]
    fn the_floor_rises_by_sections_of_a_sixteenth_when_more_than_the_limit_is_held() {
        // Four records of 25 bytes are a section.
        let floors = floors(&[25; 73]);
        assert!(floors[..64].iter().all(Option::is_none), "what fits stays");
        assert_eq!(floors[64..69], [Some(5), None, None, None, Some(9)]);
    }

    #[test]
    fn at_least_the_newest_record_stays_however_large_it_is() {
        assert_eq!(floors(&[5000, 5000, 8, 8]), [None, Some(2), Some(3), None]);
        assert_eq!(floors(&[8, 8, 5000]), [None, None, None], "an unfinished section has no end");
    }

    #[test]
    fn a_smaller_limit_takes_effect_with_the_next_record_and_a_larger_one_keeps_what_is_there() {
        let mut quota = Quota::default();
        for seq in 1..=16 {
            assert_eq!(quota.count(seq, 100, 1600), None);
        }
        assert_eq!(quota.clone().count(17, 100, 3200), None);
        assert_eq!(quota.count(17, 100, 800), Some(10));
    }

    #[test]
    fn what_is_encoded_decodes_to_the_same_and_nothing_shorter_does() {
        let mut quota = Quota::default();
        for seq in 1..=30 {
            quota.count(seq, 90, 1600);
        }
        let mut bytes = Vec::new();
        quota.encode(&mut bytes);
        let length = bytes.len();
        bytes.push(7);
        assert_eq!(Quota::decode(&bytes), Some((quota, length)));
        assert!((0..length).all(|end| Quota::decode(&bytes[..end]).is_none()));
    }
}
