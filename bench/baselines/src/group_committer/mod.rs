//! R2: a bare group committer. What any log pays, and nothing else: no index, no checksum.
//!
//! Records are laid out in place, in chunks that were allocated and touched before; what is queued
//! when a sync returns is the next round (natural batching), at most one chunk of 2 MiB. Rounds go
//! to a ring of pre-written files. With two in flight, a second thread takes the next chunk while
//! the first syncs, and acks are released in order.
//!
//! Invariants: a chunk is in exactly one place (open, full, with a committer, free); rounds are
//! numbered in the order in which they were taken and acked in that order; memory is bounded by
//! the chunks, and undrained completions by the records submitted since the last drain.

mod chunk;
mod queue;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::clock::now_ns;
use crate::files::{PreWritten, SyncBy};
use crate::subject::{Completion, Opener, Subject, Written};
use queue::{Round, State};

/// Bytes of a record's header.
pub const HEADER_BYTES: usize = 48;

/// Pre-written files of the ring.
const FILES: u64 = 4;

/// A queue of records before one or two committing threads.
#[derive(Debug)]
pub struct GroupCommitter {
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

/// Opens group committers with this many rounds in flight.
#[derive(Clone, Copy, Debug)]
pub struct GroupCommitterOpener {
    /// Rounds in flight: 1 or 2.
    pub in_flight: u32,
    /// Bytes of each file of its ring.
    pub file_bytes: u64,
}

impl Opener for GroupCommitterOpener {
    fn name(&self) -> &str {
        if self.in_flight == 1 { "bare group committer x 1" } else { "bare group committer x 2" }
    }

    fn open(&self, folder: &Path) -> io::Result<Box<dyn Subject>> {
        Ok(Box::new(GroupCommitter::open(folder, self.in_flight, self.file_bytes)?))
    }
}

#[derive(Debug)]
struct Shared {
    files: Vec<PreWritten>,
    state: Mutex<State>,
    work: Condvar,
    done: Condvar,
}

impl GroupCommitter {
    /// Prepares files and chunks and starts the threads.
    ///
    /// # Errors
    /// When the disk refuses.
    pub fn open(folder: &Path, in_flight: u32, file_bytes: u64) -> io::Result<Self> {
        let file = |n| PreWritten::create(&folder.join(format!("r2-{n}")), file_bytes);
        let shared = Arc::new(Shared {
            files: (0..FILES).map(file).collect::<io::Result<_>>()?,
            state: Mutex::new(State::new(file_bytes)),
            work: Condvar::new(),
            done: Condvar::new(),
        });
        let start = |_| {
            let shared = Arc::clone(&shared);
            std::thread::spawn(move || shared.commit_until_closed())
        };
        let threads = (0..in_flight).map(start).collect();
        Ok(Self { shared, threads })
    }
}

impl Drop for GroupCommitter {
    fn drop(&mut self) {
        self.shared.state.lock().closing = true;
        self.shared.work.notify_all();
        for thread in self.threads.drain(..) {
            // A committer that panicked has nothing left to hand over.
            let _panicked = thread.join();
        }
    }
}

impl Subject for GroupCommitter {
    fn submit(&mut self, payload: &[u8], chats: &[u32]) -> io::Result<usize> {
        let mut state = self.shared.state.lock();
        state.check()?;
        let accepted = chats.iter().take_while(|&&chat| state.place(payload, chat)).count();
        if state.idle > 0 && accepted > 0 {
            self.shared.work.notify_one();
        }
        Ok(accepted)
    }

    fn completions(&mut self, into: &mut Vec<Completion>) -> io::Result<()> {
        let mut state = self.shared.state.lock();
        into.append(&mut state.completions);
        state.check()
    }

    fn wait(&mut self, at_most: Duration) {
        let mut state = self.shared.state.lock();
        if state.completions.is_empty() && state.failure.is_none() {
            state.waiting = true;
            let _timed_out = self.shared.done.wait_for(&mut state, at_most);
            state.waiting = false;
        }
    }

    fn written(&self) -> Written {
        self.shared.state.lock().written
    }

    fn prepare(&mut self, _bytes: u64) -> io::Result<()> {
        Ok(())
    }
}

impl Shared {
    fn commit_until_closed(&self) {
        while let Some(mut round) = self.next_round() {
            let outcome = self.commit(&mut round);
            let at_ns = now_ns();
            let mut state = self.state.lock();
            match outcome {
                Ok(()) => state.finish(round, at_ns),
                Err(error) => state.failure = Some(error.kind()),
            }
            if state.waiting {
                self.done.notify_one();
            }
        }
    }

    fn next_round(&self) -> Option<Round> {
        let mut state = self.state.lock();
        loop {
            if state.failure.is_some() {
                return None;
            }
            if let Some(round) = state.take_round() {
                return Some(round);
            }
            if state.closing {
                return None;
            }
            state.idle += 1;
            self.work.wait(&mut state);
            state.idle -= 1;
        }
    }

    fn commit(&self, round: &mut Round) -> io::Result<()> {
        let used = round.chunk.used;
        if let Some(padding) = round.chunk.bytes.get_mut(used..round.length) {
            padding.fill(0);
        }
        let data = round.chunk.bytes.get(..round.length);
        let (Some(file), Some(data)) = (self.files.get(round.file), data) else {
            return Err(io::Error::other("a round lies outside its file or chunk"));
        };
        file.write_durably(data, round.byte_offset, SyncBy::Fdatasync)
    }
}
