//! Background work on sealed tables: merging, rewriting, expiry, erasure and scrubbing. A driver
//! asks `Background` what is most useful, steps the job, and tells what came of it.
//!
//! Read in this order: `plan` (what is due, a pure function), `seal::policy` (what becomes of a record),
//! `neighbours` and `segments` (the merges), `sample` (how much of a segment is dead), `erase`
//! (which segments hold what was deleted), `output`, `pace` (how fast).
//!
//! Invariants:
//! - State and inbox tables form *groups*: tables of equal positions, split by key, whose key
//!   ranges do not meet. The positions of groups do not overlap. Only whole groups that follow
//!   each other are merged, and the output is one group in their place: what is newer stays newer.
//! - A state row never goes; an inbox row that says "ended" goes only where nothing lies below.
//! - A record goes only below the floor of its chat, as durable state and the retention clock have
//!   it. A segment goes unread only where every chat there ever was must have let its records go:
//!   its newest record is older than the greatest age that the store or any chat ever asked for.
//! - The manifest names the outputs and forgets the inputs in one step.
//! - At most one job runs at a time, beside a seal. What fails for want of space, or because a
//!   table cannot be read, changes nothing.

mod background;
mod check;
mod counts;
mod erase;
mod job;
mod neighbours;
mod output;
mod pace;
mod plan;
mod sample;
mod scrub;
mod segments;
#[cfg(test)]
mod tests;

pub use background::Background;
pub(crate) use counts::MergeCounts;
pub(crate) use erase::{Deletion, segments_with};
pub use job::{BackgroundJob, BackgroundStep, FinishedJob};
pub use pace::Pace;
