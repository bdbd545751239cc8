//! The storage engine of FOQ: one append-only log for every chat of a store.
//!
//! Read in this order: `ops` (what is asked), `log` (the four steps of a commit), `assemble`,
//! `state` (what a chat is), `journal` and `recovery` (the bytes; see FORMAT.md), `env` (the
//! world as traits).

mod apply;
mod assemble;
mod backup;
mod ballast;
mod catalog;
mod cold;
#[cfg(test)]
mod continued_round;
mod counters;
mod dump;
pub mod env;
mod error;
mod format;
mod hash;
mod inbox;
mod json;
mod judge;
mod judging;
mod ladder;
mod log;
mod lookup;
mod manifests;
mod merge;
mod news;
mod open;
mod ops;
mod options;
mod overlay;
mod pack;
mod pages;
mod parking;
pub mod planted;
mod processor;
mod queue;
mod read_many;
mod reader;
mod record_layout;
mod recovery;
mod repair;
mod retention_clock;
mod round;
mod round_writer;
mod seal;
mod sealed_records;
mod seen;
mod shared;
mod shelf;
#[cfg(test)]
mod simulated;
mod state;
mod table;
mod varint;
mod verify;
mod view;
mod write;

pub use backup::{BackedUp, BackupJob, BackupStep, restore};
pub use ballast::Ballast;
pub use counters::{Counters, HISTOGRAM_CLASSES};
pub use dump::dump;
pub use error::{Error, Result};
pub use format::FORMAT_VERSION;
pub use log::{Assembled, IN_FLIGHT_MAX, Log};
pub use lookup::{FoundChat, Lookup};
pub use merge::{Background, BackgroundJob, BackgroundStep, FinishedJob, Pace};
pub use news::{AttachmentId, CONDITIONS};
pub use ops::{Append, ChatOptions, Completion, JoinAt, Operation, Outcome, Sender, Ticket};
pub use options::{Durability, Keep, Options, Retention};
pub use pack::{Packed, Packer};
pub use pages::Page;
pub use reader::Reader;
pub use repair::{Repairing, Repairs, repair};
pub use round::Round;
pub use round_writer::RoundWriter;
pub use seal::{SealJob, SealStep, SealedFile, Unsealed};
pub use shelf::SpareMaker;
pub use verify::{Report, Tail, verify};
pub use view::{
    ChatRow, CursorView, Gap, GapReason, Head, NewsPage, NewsRow, ReadFrom, ReadPart, ReadRequest,
    ReadResult, ReadStop, Record, RecordView, Waiting,
};
