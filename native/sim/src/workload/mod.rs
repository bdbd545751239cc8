//! Seeded workloads: small worlds in which everything collides.
//!
//! A workload yields steps for ever; the harness decides when it is enough. Few chats, consumers
//! and keys, so that repeats, conflicts, stale guards, joins while closing and acks beyond the
//! head all happen within a hundred steps. It looks at the model only to choose arguments that
//! are likely to matter; what happens then is the log's and the model's business.

mod alphabet;
mod choice;
mod operations;

use std::collections::VecDeque;

use foq_log::{Keep, Options, Retention};

use self::choice::Choice;
use self::operations::Names;
use crate::model::Model;
use crate::operation::Op;

pub use self::alphabet::{Letter, alphabet};

const SECOND_MS: i64 = 1000;
const HOUR_MS: i64 = 3600 * SECOND_MS;
const DAY_MS: i64 = 24 * HOUR_MS;
/// Keyed appends that may be sent again.
const RETRIES_MAX: usize = 12;
/// Operations after a crash among which repeats are frequent.
const RETRYING_OPERATIONS: u32 = 6;
/// Longest list of deltas a clock that jumped away still owes.
const OWED_MAX: usize = 4;

/// What happens next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "one step at a time, never kept in numbers")]
pub enum Step {
    /// A caller submits an operation.
    Submit {
        /// Who.
        caller: u32,
        /// What.
        op: Op,
    },
    /// Assemble, write, sync and apply one round, if there is anything to do.
    Commit,
    /// Let the clocks pass the deadline of pending acks, and commit.
    AcksDue,
    /// Write a mark, as an idle log does.
    Mark,
    /// Write a tick.
    Tick,
    /// The clocks move; the wall clock may go back.
    Advance {
        /// By how much the wall clock moves.
        wall_ms: i64,
        /// By how much the monotonic clock moves.
        monotonic_ms: u64,
    },
    /// Commit all, close cleanly and open again.
    Reopen,
    /// A good moment for a crash: somewhere within the next commit.
    Crash,
}

/// How large a world is, and what may happen in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Profile {
    /// Chats, at least 1.
    pub chats: u64,
    /// Consumers, at least 1.
    pub consumers: u64,
    /// Callers, at least 1.
    pub callers: u32,
    /// Dedup keys of each sender; more than the dedup depth, or none is ever forgotten.
    pub keys: u64,
    /// Largest payload.
    pub payload_bytes_max: u64,
    /// Whether the wall clock jumps, and hours and days pass.
    pub time: bool,
    /// Whether the store is closed and opened again, and crashes are proposed.
    pub reopens: bool,
    /// Submitted operations a commit takes, on average.
    pub round_operations: u64,
}

impl Profile {
    /// For most runs.
    pub const MIXED: Self = Self {
        chats: 3,
        consumers: 4,
        callers: 3,
        keys: 6,
        payload_bytes_max: 1800,
        time: true,
        reopens: true,
        round_operations: 3,
    };

    /// One chat, tiny payloads, many rounds: for crash points by the million.
    pub const DENSE: Self = Self {
        chats: 1,
        consumers: 3,
        callers: 2,
        keys: 5,
        payload_bytes_max: 64,
        time: false,
        round_operations: 2,
        ..Self::MIXED
    };

    /// Payloads of several sectors: torn writes, and files that fill up quickly.
    pub const WIDE: Self =
        Self { chats: 2, payload_bytes_max: 3000, round_operations: 4, ..Self::MIXED };

    /// A store small enough that everything in it overflows soon.
    #[must_use]
    pub fn options(&self) -> Options {
        Options {
            journal_file_bytes: 16 << 10,
            round_bytes_max: 8 << 10,
            payload_bytes_max: 3 << 10,
            dedup_depth: 4,
            retention: Retention {
                keep: Keep::UntilReceived,
                max_age_ms: 30 * DAY_MS.unsigned_abs(),
                keep_at_least_ms: 0,
                max_bytes: 0,
            },
            ..Options::default()
        }
    }
}

/// See the module.
#[derive(Clone, Debug)]
pub struct Workload {
    choice: Choice,
    profile: Profile,
    names: Names,
    /// Keyed appends that were submitted last.
    sent: VecDeque<Op>,
    /// Operations for which a crash is still fresh.
    retrying: u32,
    /// Wall clock jumps that will be taken back.
    owed: Vec<i64>,
}

impl Workload {
    /// One seed and profile give one workload, as long as the model says the same.
    #[must_use]
    pub fn new(seed: u64, profile: Profile) -> Self {
        Self {
            choice: Choice::new(seed),
            names: Names::new(&profile),
            profile,
            sent: VecDeque::new(),
            retrying: 0,
            owed: Vec::new(),
        }
    }

    /// The next step.
    pub fn next(&mut self, model: &Model) -> Step {
        let time = if self.profile.time { 1 } else { 0 };
        let reopens = if self.profile.reopens { 1 } else { 0 };
        let submits = 10 * self.profile.round_operations;
        let weights = [submits, 10, 1, 1, 1, 2, 2 * time, time, time, reopens, reopens];
        match self.choice.weighted(&weights) {
            0 => self.submit(model),
            1 => Step::Commit,
            2 => Step::AcksDue,
            3 => Step::Mark,
            4 => Step::Tick,
            5 => self.passes(1, 5 * SECOND_MS),
            6 => self.passes(HOUR_MS / 2, 5 * HOUR_MS),
            7 => self.passes(DAY_MS / 2, 20 * DAY_MS),
            8 => self.jumps(),
            9 => self.breaks(Step::Reopen),
            _ => self.breaks(Step::Crash),
        }
    }

    /// What is sent after this may repeat what was sent before.
    fn breaks(&mut self, step: Step) -> Step {
        self.retrying = RETRYING_OPERATIONS;
        step
    }

    /// Both clocks move alike.
    fn passes(&mut self, from_ms: i64, to_ms: i64) -> Step {
        let ms = self.choice.between(from_ms.unsigned_abs(), to_ms.unsigned_abs());
        Step::Advance { wall_ms: ms.cast_signed(), monotonic_ms: ms }
    }

    /// The wall clock alone moves, often by a month, and usually comes back.
    fn jumps(&mut self) -> Step {
        let back = (self.owed.len() >= OWED_MAX || self.choice.chance(60)).then(|| self.owed.pop());
        let wall_ms = back.flatten().unwrap_or_else(|| {
            let choices = [31 * DAY_MS, 31 * DAY_MS, 2 * HOUR_MS, 30 * 60 * SECOND_MS, -HOUR_MS];
            let jump = self.choice.pick(&choices).copied().unwrap_or(HOUR_MS);
            self.owed.push(-jump);
            jump
        });
        Step::Advance { wall_ms, monotonic_ms: self.choice.below(50) }
    }

    fn submit(&mut self, model: &Model) -> Step {
        let caller = u32::try_from(self.choice.below(u64::from(self.profile.callers))).unwrap_or(0);
        let retries = if self.retrying > 0 { 50 } else { 6 };
        self.retrying = self.retrying.saturating_sub(1);
        if !self.sent.is_empty() && self.choice.chance(retries) {
            let index = self.choice.index(self.sent.len());
            if let Some(op) = self.sent.get(index) {
                return Step::Submit { caller, op: op.clone() };
            }
        }
        let op = self.names.operation(&mut self.choice, model);
        if let Op::Append(append) = &op
            && append.dedup_key.is_some()
        {
            self.sent.push_front(op.clone());
            self.sent.truncate(RETRIES_MAX);
        }
        Step::Submit { caller, op }
    }
}

#[cfg(test)]
mod tests;
