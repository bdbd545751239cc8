//! The door through which the generator drives whatever is measured.
//!
//! A subject takes records in order of submission and numbers them with implicit **tickets**: the
//! n-th accepted record of a subject has ticket n, from 0. It reports what became durable as runs
//! of tickets with the instant at which its own thread knew; nothing is reported before the sync
//! that covers it has returned.

use std::io;
use std::path::Path;
use std::time::Duration;

/// A run of records that became durable together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// When the subject published the ack, in nanoseconds of the monotonic clock.
    pub at_ns: u64,
    /// Ticket of the first record.
    pub first_ticket: u64,
    /// How many records.
    pub count: u64,
}

/// What a subject has written since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Bytes handed to the disk, headers and padding included.
    pub bytes: u64,
    /// Writes that were each followed by one sync.
    pub rounds: u64,
}

/// Something that makes records durable.
pub trait Subject {
    /// Submits one record with this payload to each of these chats, in this order, and returns how
    /// many were accepted; fewer than asked means that the queue is full for now. Never blocks on
    /// the disk.
    ///
    /// # Errors
    /// When the subject has failed and will accept nothing more.
    fn submit(&mut self, payload: &[u8], chats: &[u32]) -> io::Result<usize>;

    /// Appends to `into` what became durable since the last call. Never blocks on the disk.
    ///
    /// # Errors
    /// When the subject has failed; what was durable before is still reported first.
    fn completions(&mut self, into: &mut Vec<Completion>) -> io::Result<()>;

    /// Sleeps until there are completions to take, or for `at_most`.
    fn wait(&mut self, at_most: Duration);

    /// What was written so far.
    fn written(&self) -> Written;

    /// Makes ready for this many more bytes, outside of any measured window.
    ///
    /// # Errors
    /// When the disk refuses.
    fn prepare(&mut self, bytes: u64) -> io::Result<()>;
}

/// Opens new subjects, each in an empty folder of its own.
pub trait Opener {
    /// What stands in the report.
    fn name(&self) -> &str;

    /// Opens a subject in this empty folder.
    ///
    /// # Errors
    /// When the folder cannot be used.
    fn open(&self, folder: &Path) -> io::Result<Box<dyn Subject>>;
}
