//! Measures a log against the bare device, in one process and one run.
//!
//! An absolute figure of a shared machine says little; a ratio to a raw baseline taken seconds
//! away says a lot. This crate holds both sides of such ratios: what the disk can do with nothing
//! in between ([`raw`]), what a group committer without any engine does ([`group_committer`]),
//! and the generator that drives either of them and the log through one door ([`subject`]).
//! `docs/benchmarks.md` explains each baseline, the rules and the targets.
#![forbid(unsafe_code)]

pub mod clock;
pub mod files;
pub mod group_committer;
pub mod json;
pub mod latency;
pub mod load;
pub mod log_subject;
pub mod machine;
pub mod numbers;
pub mod raw;
pub mod scenario;
pub mod statistics;
pub mod subject;
