//! Counting: what the threads of a store add up, without a lock.
//!
//! Invariant: only what is durable and answered is counted; a round that failed is not.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use crate::counters::{Counters, HISTOGRAM_CLASSES, class};
use crate::ops::{Completion, Outcome};
use crate::round::Round;

/// See the module.
#[derive(Default)]
pub(super) struct Counting {
    appends: AtomicU64,
    acks: AtomicU64,
    refused: AtomicU64,
    rounds: AtomicU64,
    syncs: AtomicU64,
    payload_bytes: AtomicU64,
    journal_bytes: AtomicU64,
    ack_bytes: AtomicU64,
    membership_bytes: AtomicU64,
    sync_us: [AtomicU64; HISTOGRAM_CLASSES],
    round_operations: [AtomicU64; HISTOGRAM_CLASSES],
}

impl Counting {
    /// These answers go out.
    pub(super) fn answers(&self, completions: &[Completion]) {
        let (mut appends, mut acks, mut refused) = (0, 0, 0);
        for completion in completions {
            match completion.outcome {
                Outcome::Appended { .. } => appends += 1,
                Outcome::Acked => acks += 1,
                Outcome::Failed(_) => refused += 1,
                Outcome::Joined { .. } | Outcome::Done => {}
            }
        }
        self.appends.fetch_add(appends, Relaxed);
        self.acks.fetch_add(acks, Relaxed);
        self.refused.fetch_add(refused, Relaxed);
    }

    /// This round is durable.
    pub(super) fn round(&self, round: &Round) {
        self.rounds.fetch_add(1, Relaxed);
        self.journal_bytes.fetch_add(round.bytes.len() as u64, Relaxed);
        self.payload_bytes.fetch_add(u64::from(round.tally.payload_bytes), Relaxed);
        self.ack_bytes.fetch_add(u64::from(round.tally.ack_bytes), Relaxed);
        self.membership_bytes.fetch_add(u64::from(round.tally.membership_bytes), Relaxed);
        add(&self.round_operations, round.answers.len() as u64);
    }

    /// A sync took so long.
    pub(super) fn synced(&self, took: Duration) {
        self.syncs.fetch_add(1, Relaxed);
        add(&self.sync_us, u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
    }

    /// What is counted here; the rest is zero.
    pub(super) fn copied(&self) -> Counters {
        let classes =
            |from: &[AtomicU64; HISTOGRAM_CLASSES]| from.each_ref().map(|n| n.load(Relaxed));
        Counters {
            appends: self.appends.load(Relaxed),
            acks: self.acks.load(Relaxed),
            refused: self.refused.load(Relaxed),
            rounds: self.rounds.load(Relaxed),
            syncs: self.syncs.load(Relaxed),
            payload_bytes: self.payload_bytes.load(Relaxed),
            journal_bytes: self.journal_bytes.load(Relaxed),
            ack_bytes: self.ack_bytes.load(Relaxed),
            membership_bytes: self.membership_bytes.load(Relaxed),
            sync_us: classes(&self.sync_us),
            round_operations: classes(&self.round_operations),
            ..Counters::default()
        }
    }
}

fn add(histogram: &[AtomicU64; HISTOGRAM_CLASSES], value: u64) {
    if let Some(count) = histogram.get(class(value)) {
        count.fetch_add(1, Relaxed);
    }
}
