//! Transcripts: each promise of the log as a titled case, told in verbs on a simulated disk and
//! clock, against the public interface only.
#![expect(clippy::unwrap_used, reason = "a transcript that cannot go on has failed")]

mod acks;
mod appends;
mod arguments;
mod deliveries;
mod failures;
mod idempotency;
mod journal;
mod memberships;
mod reads;
mod retention;
mod verbs;
