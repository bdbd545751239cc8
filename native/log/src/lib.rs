//! The storage engine of FOQ: one append-only log for every chat of a store.
//!
//! Read in this order: `ops` (what is asked), `log` (the four steps of a commit), `assemble`,
//! `state` (what a chat is), `journal` and `recovery` (the bytes; see FORMAT.md), `env` (the
//! world as traits).

mod apply;
mod assemble;
#[cfg(test)]
mod continued_round;
mod counters;
mod dump;
pub mod env;
mod error;
mod format;
mod hash;
mod json;
mod judge;
mod judging;
mod log;
mod manifests;
mod news;
mod open;
mod ops;
mod options;
mod overlay;
mod pack;
mod pages;
pub mod planted;
mod processor;
mod queue;
mod read_many;
mod reader;
mod record_layout;
mod recovery;
mod retention_clock;
mod round;
mod round_writer;
mod shared;
mod shelf;
#[cfg(test)]
mod simulated;
mod state;
#[cfg_attr(not(test), expect(dead_code, unused_imports, reason = "sealing will use it"))]
mod table;
mod verify;
mod view;
mod write;

pub use counters::{Counters, HISTOGRAM_CLASSES};
pub use dump::dump;
pub use error::{Error, Result};
pub use format::FORMAT_VERSION;
pub use log::{Assembled, IN_FLIGHT_MAX, Log};
pub use news::AttachmentId;
pub use ops::{Append, ChatOptions, Completion, JoinAt, Operation, Outcome, Sender, Ticket};
pub use options::{Durability, Keep, Options, Retention};
pub use pack::{Packed, Packer};
pub use pages::Page;
pub use reader::Reader;
pub use round::Round;
pub use round_writer::RoundWriter;
pub use shelf::SpareMaker;
pub use verify::{Report, Tail, verify};
pub use view::{
    ChatRow, CursorView, Gap, GapReason, Head, NewsPage, NewsRow, ReadFrom, ReadPart, ReadRequest,
    ReadResult, ReadStop, Record, RecordView, Waiting,
};
