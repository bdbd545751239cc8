//! The storage engine of FOQ: one append-only log for every chat of a store.
//!
//! Read in this order: `ops` (what is asked), `log` (the four steps of a commit), `assemble`,
//! `state` (what a chat is), `journal` and `recovery` (the bytes; see FORMAT.md), `env` (the
//! world as traits).

pub mod env;
mod error;
mod log;
mod ops;
mod options;
pub mod planted;
mod view;

pub use error::{Error, Result};
pub use log::{Assembled, Log, Packed, Packer, Reader, Round, SpareMaker};
pub use ops::{Append, ChatOptions, Completion, JoinAt, Operation, Outcome, Sender, Ticket};
pub use options::{Durability, Keep, Options, Retention};
pub use view::{ChatRow, CursorView, Gap, GapReason, Head, ReadFrom, ReadResult, Record};
