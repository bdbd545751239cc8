//! The doorbell: how the log's threads wake one JavaScript thread.
//!
//! News (answers, finished reads) waits in a queue. The first news after a quiet time writes one
//! byte to a pipe that the JavaScript thread reads with its own event loop; that thread then
//! drains the queue. The threads of the log never call into JavaScript.
//!
//! Invariants: at most one byte is in the pipe. After `detach` nothing is written and nothing is
//! kept. The queue is bounded by what was asked and not yet drained (`pendingBytesMax` of the
//! store, one ring per attachment, `REQUESTS_MAX` here).

use std::collections::VecDeque;
use std::io::{PipeWriter, Write, pipe};
use std::os::fd::{IntoRawFd, RawFd};

use foq_log::{AttachmentId, BackedUp, Completion, Error, Repairs, Report, Result};
use parking_lot::Mutex;

use crate::raw::close_if_forgotten;
use crate::registry::Lease;

/// Reads and other requests with a result of their own that one JavaScript thread may have open.
pub const REQUESTS_MAX: usize = 1024;

/// Something that a JavaScript thread waits for.
pub enum News {
    /// Operations submitted through a handle were answered.
    Completions {
        /// The handle.
        handle: u32,
        /// The answers, in order.
        completions: VecDeque<Completion>,
    },
    /// Attachments of a handle have something to hear.
    Rung {
        /// The handle.
        handle: u32,
        /// Each once, until it is heard.
        attachments: Vec<AttachmentId>,
    },
    /// A handle is open.
    Opened {
        /// The handle.
        handle: u32,
        /// Its reference to the store; given back if the news is dropped unheard.
        lease: Lease,
    },
    /// A handle could not be opened; it is gone.
    OpenFailed {
        /// The handle.
        handle: u32,
        /// Why.
        error: Error,
    },
    /// A handle was closed; it is gone, whatever the result.
    Closed {
        /// The handle.
        handle: u32,
        /// What closing the store met, when this was its last handle.
        result: Result<()>,
    },
    /// A request has its result, or a part of it.
    Answer {
        /// The request.
        request: u32,
        /// What it asked for.
        result: Result<Answer>,
    },
}

/// The result of a request, until JavaScript takes it.
pub enum Answer {
    /// Packed records, or text.
    Bytes(Vec<u8>),
    /// Of `verify`.
    Report(Box<Report>),
    /// Of `repair`.
    Repairs(Box<Repairs>),
    /// Of `backup`.
    BackedUp(BackedUp),
}

/// One pipe and one queue; shared by a JavaScript thread and the threads that have news for it.
pub struct Bell {
    read_end: RawFd,
    state: Mutex<State>,
}

struct State {
    /// `None` once detached.
    write_end: Option<PipeWriter>,
    /// A byte is in the pipe, or the JavaScript thread is draining.
    rung: bool,
    news: VecDeque<News>,
}

impl Bell {
    /// A bell and the end of its pipe that the JavaScript thread reads and closes.
    pub fn new() -> Result<(Self, RawFd)> {
        let (read_end, write_end) =
            pipe().map_err(|error| unavailable("cannot make a pipe", error))?;
        let read_end = read_end.into_raw_fd();
        let state = State { write_end: Some(write_end), rung: false, news: VecDeque::new() };
        Ok((Self { read_end, state: Mutex::new(state) }, read_end))
    }

    /// Queues news and rings, unless the bell is detached: then it says so, and the caller undoes
    /// what nobody waits for any more.
    pub fn tell(&self, news: News) -> std::result::Result<(), News> {
        let mut state = self.state.lock();
        let Some(mut write_end) = state.write_end.as_ref() else {
            drop(state);
            return Err(news);
        };
        if !state.rung {
            // The pipe is empty, so the byte fits. A reader that is gone (EPIPE) needs no ring:
            // its thread is being torn down and will detach.
            let _ = write_end.write(&[1]);
            state.rung = true;
        }
        state.news.push_back(news);
        Ok(())
    }

    /// Gives the queue to `take`, which removes what it has room for; says whether some is left.
    /// Once nothing is left the next news rings again.
    pub fn drain(&self, take: impl FnOnce(&mut VecDeque<News>)) -> bool {
        let mut state = self.state.lock();
        take(&mut state.news);
        state.rung = !state.news.is_empty();
        state.rung
    }

    /// Never rings again; drops what nobody will drain. For a JavaScript thread that has ended.
    pub fn detach(&self) {
        let mut state = self.state.lock();
        if let Some(write_end) = state.write_end.take() {
            close_if_forgotten(self.read_end, &write_end);
        }
        let unheard = std::mem::take(&mut state.news);
        drop(state);
        drop(unheard);
    }
}

pub fn unavailable(what: &str, source: std::io::Error) -> Error {
    Error::Unavailable {
        what: format!("{what}: {source}"),
        path: String::from("-"),
        source: Some(std::sync::Arc::new(source)),
    }
}
