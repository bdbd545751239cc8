//! Lays out effects other than records (records are laid out where they enter, in `pack`).

use std::ops::Range;

use super::effect::{Raise, fixed, kind};
use super::{put, round_up};

/// Appends effects other than records to a batch under construction. Names are at most 255 bytes
/// and counts at most 65,535; both are checked where operations enter.
pub(crate) struct EffectWriter<'a> {
    into: &'a mut Vec<u8>,
}

impl<'a> EffectWriter<'a> {
    pub fn new(into: &'a mut Vec<u8>) -> Self {
        Self { into }
    }

    fn effect(&mut self, head: &[u8], parts: &[&[u8]]) -> Range<usize> {
        let start = self.into.len();
        self.into.extend_from_slice(head);
        for part in parts {
            self.into.extend_from_slice(part);
        }
        let whole = round_up((self.into.len() - start) as u64, 8);
        self.into.resize(start + usize::try_from(whole).unwrap_or_default(), 0);
        start..self.into.len()
    }

    /// An ack section; every value lies at most `RAISE_DELTA_MAX` below `base`.
    pub fn acks(
        &mut self,
        chat: &[u8],
        marks_version: u32,
        base: u64,
        raises: &[Raise],
    ) -> Range<usize> {
        let mut head = [0_u8; fixed::ACKS];
        put(&mut head, 0, &[kind::ACKS, byte(chat.len())]);
        put(&mut head, 2, &count(raises.len()).to_le_bytes());
        put(&mut head, 4, &marks_version.to_le_bytes());
        put(&mut head, 8, &base.to_le_bytes());
        let mut packed = Vec::with_capacity(raises.len() * fixed::RAISE);
        for raise in raises {
            let delta = (base - raise.value).to_le_bytes();
            packed.extend_from_slice(&raise.seat.to_le_bytes());
            packed.push(raise.what);
            packed.extend_from_slice(delta.get(..5).unwrap_or_default());
        }
        self.effect(&head, &[&packed, chat])
    }

    pub fn join(
        &mut self,
        chat: &[u8],
        consumer: &[u8],
        seat: u16,
        values: [u64; 3],
    ) -> Range<usize> {
        let mut head = [0_u8; fixed::JOIN];
        put(&mut head, 0, &[kind::JOIN, byte(chat.len()), byte(consumer.len())]);
        put(&mut head, 4, &seat.to_le_bytes());
        for (at, value) in [8, 16, 24].into_iter().zip(values) {
            put(&mut head, at, &value.to_le_bytes());
        }
        self.effect(&head, &[chat, consumer])
    }

    pub fn leave(&mut self, chat: &[u8], seat: u16, leave_seq: u64, roster: u64) -> Range<usize> {
        let mut head = [0_u8; fixed::LEAVE];
        put(&mut head, 0, &[kind::LEAVE, byte(chat.len())]);
        put(&mut head, 2, &seat.to_le_bytes());
        put(&mut head, 8, &leave_seq.to_le_bytes());
        put(&mut head, 16, &roster.to_le_bytes());
        self.effect(&head, &[chat])
    }

    pub fn forget(&mut self, chat: &[u8], seat: u16, roster: u64) -> Range<usize> {
        let mut head = [0_u8; fixed::FORGET];
        put(&mut head, 0, &[kind::FORGET, byte(chat.len())]);
        put(&mut head, 2, &seat.to_le_bytes());
        put(&mut head, 8, &roster.to_le_bytes());
        self.effect(&head, &[chat])
    }

    pub fn trim(&mut self, chat: &[u8], floor: u64) -> Range<usize> {
        let mut head = [0_u8; fixed::TRIM];
        put(&mut head, 0, &[kind::TRIM, byte(chat.len())]);
        put(&mut head, 8, &floor.to_le_bytes());
        self.effect(&head, &[chat])
    }

    pub fn delete_records(&mut self, chat: &[u8], ranges: &[(u64, u64)]) -> Range<usize> {
        let mut head = [0_u8; fixed::DELETE_RECORDS];
        put(&mut head, 0, &[kind::DELETE_RECORDS, byte(chat.len())]);
        put(&mut head, 2, &count(ranges.len()).to_le_bytes());
        let mut packed = Vec::with_capacity(ranges.len() * fixed::RANGE);
        for (from, to) in ranges {
            packed.extend_from_slice(&from.to_le_bytes());
            packed.extend_from_slice(&to.to_le_bytes());
        }
        self.effect(&head, &[&packed, chat])
    }

    pub fn delete_chat(&mut self, chat: &[u8], floor: u64, roster: u64) -> Range<usize> {
        let mut head = [0_u8; fixed::DELETE_CHAT];
        put(&mut head, 0, &[kind::DELETE_CHAT, byte(chat.len())]);
        put(&mut head, 8, &floor.to_le_bytes());
        put(&mut head, 16, &roster.to_le_bytes());
        self.effect(&head, &[chat])
    }

    /// The overrides: max age, keep at least, max bytes.
    pub fn configure(&mut self, chat: &[u8], keep: u8, limits: [Option<u64>; 3]) -> Range<usize> {
        let [max_age, keep_at_least, max_bytes] = limits;
        let present = max_age.map_or(0, |_| fixed::PRESENT_MAX_AGE)
            | keep_at_least.map_or(0, |_| fixed::PRESENT_KEEP_AT_LEAST)
            | max_bytes.map_or(0, |_| fixed::PRESENT_MAX_BYTES);
        let mut head = [0_u8; fixed::CONFIGURE];
        put(&mut head, 0, &[kind::CONFIGURE, byte(chat.len()), present, keep]);
        put(&mut head, 8, &max_age.unwrap_or(0).to_le_bytes());
        put(&mut head, 16, &keep_at_least.unwrap_or(0).to_le_bytes());
        put(&mut head, 24, &max_bytes.unwrap_or(0).to_le_bytes());
        self.effect(&head, &[chat])
    }
}

fn byte(length: usize) -> u8 {
    u8::try_from(length).unwrap_or_else(|_| unreachable!("names are checked where they enter"))
}

fn count(length: usize) -> u16 {
    u16::try_from(length).unwrap_or_else(|_| unreachable!("counts are checked where they enter"))
}
