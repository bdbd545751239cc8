//! Where callers leave operations and the committer finds them.
//!
//! One short lock, never held while waiting for anything else. What is outstanding, from
//! submission until the answer, is bounded in bytes here. The committer is woken only when it
//! sleeps, so that a busy store pays nothing for wake-ups.

use std::mem;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::CompletionSink;
use super::committer::Condition;
use crate::error::{Error, Result};
use crate::lookup::FoundChat;
use crate::options::Options;
use crate::pack::Packed;
use crate::seal::SealedFile;

/// Emptied buffers that are kept when the store is idle, and at most.
const EMPTIED_MIN: usize = 32;
const EMPTIED_MAX: usize = 4096;

/// See the module.
pub(super) struct Intake {
    state: Mutex<State>,
    /// Rung for the committer.
    bell: Condvar,
    /// Rung for those who wait in `close` or `look_again`.
    done_bell: Condvar,
    emptied: Mutex<Emptied>,
    pending_bytes_max: u64,
    /// The store's directory, when it was opened for reading only.
    read_only: Option<String>,
}

#[derive(Default)]
struct State {
    mail: Mail,
    pending_bytes: u64,
    /// Next ticket number of each caller number ever given.
    next_tickets: Vec<u64>,
    free_callers: Vec<u32>,
    committer_sleeps: bool,
    news: bool,
    /// How many of `Mail::looks` the committer has dealt with.
    looked: u64,
    conditions: Vec<Condition>,
    poisoned: Option<Error>,
    closed: Option<Result<()>>,
}

/// What the committer finds. Its buffers are swapped, never reallocated.
#[derive(Default)]
pub(super) struct Mail {
    /// New callers and their sinks.
    pub(super) arrivals: Vec<(u32, Arc<dyn CompletionSink>)>,
    /// Operations, oldest first; an empty one is a barrier.
    pub(super) submissions: Vec<(u32, Packed)>,
    /// Callers that are gone.
    pub(super) departures: Vec<u32>,
    /// Someone wants the store closed.
    pub(super) closing: bool,
    /// A spare was prepared, or could not be: free space is not what it was.
    pub(super) space_changed: bool,
    /// How often the committer was asked to look at its clock and disk, since it began.
    pub(super) looks: u64,
    /// Set while the disk has no space for a spare.
    pub(super) disk_full: Option<Error>,
    /// The sealer failed, and ended.
    pub(super) fatal: Option<Error>,
    /// How the seal that was asked for ended.
    pub(super) sealed: Option<Result<SealedFile>>,
    /// Chats that were looked up.
    pub(super) found: Vec<FoundChat>,
    /// Background work gave up on this.
    pub(super) gave_up: Option<Error>,
}

/// Buffers for re-use, the last one first: it is the likeliest to be in a cache.
#[derive(Default)]
struct Emptied {
    buffers: Vec<Packed>,
    bytes: u64,
}

impl Emptied {
    fn take(&mut self) -> Option<Packed> {
        let buffer = self.buffers.pop()?;
        self.bytes -= buffer.held_bytes();
        Some(buffer)
    }

    fn keep(&mut self, buffer: Packed, bytes_max: u64) {
        let bytes = self.bytes + buffer.held_bytes();
        if bytes <= bytes_max && self.buffers.len() < EMPTIED_MAX {
            self.bytes = bytes;
            self.buffers.push(buffer);
        }
    }
}

impl Intake {
    pub(super) fn new(options: &Options, name: String) -> Self {
        Self {
            state: Mutex::default(),
            bell: Condvar::new(),
            done_bell: Condvar::new(),
            emptied: Mutex::default(),
            pending_bytes_max: options.pending_bytes_max,
            read_only: options.read_only.then_some(name),
        }
    }

    /// Gives a new caller its number.
    pub(super) fn arrive(&self, sink: Arc<dyn CompletionSink>) -> u32 {
        let mut state = self.state.lock();
        let number = state.free_callers.pop().unwrap_or_else(|| {
            state.next_tickets.push(0);
            u32::try_from(state.next_tickets.len() - 1).expect("fewer than 2^32 live callers")
        });
        state.mail.arrivals.push((number, sink));
        number
    }

    pub(super) fn depart(&self, caller: u32) {
        let mut state = self.state.lock();
        state.mail.departures.push(caller);
        self.tell(state);
    }

    /// The number may be given again; its tickets go on where they were.
    pub(super) fn free(&self, caller: u32) {
        self.state.lock().free_callers.push(caller);
    }

    /// See `Caller::submit_from`.
    pub(super) fn submit(&self, caller: u32, packed: &mut Packed) -> Result<u64> {
        let (count, bytes) = (packed.len() as u64, packed.bytes());
        let mut state = self.state.lock();
        self.admit(&state, bytes)?;
        let next = state.next_tickets.get_mut(caller as usize).expect("the caller has arrived");
        let first = *next;
        *next += count;
        if count > 0 {
            state.pending_bytes += bytes;
            state.mail.submissions.push((caller, mem::take(packed)));
            self.wake(state);
            *packed = self.emptied();
        }
        Ok(first)
    }

    /// See `Caller::barrier`: an empty submission.
    pub(super) fn barrier(&self, caller: u32) -> Result<u64> {
        let mut state = self.state.lock();
        self.admit(&state, 0)?;
        let next = state.next_tickets.get_mut(caller as usize).expect("the caller has arrived");
        let number = *next;
        *next += 1;
        state.mail.submissions.push((caller, Packed::default()));
        self.wake(state);
        Ok(number)
    }

    fn admit(&self, state: &State, bytes: u64) -> Result<()> {
        if state.mail.closing {
            return Err(Error::Closed);
        }
        if let Some(error) = &state.poisoned {
            return Err(error.clone());
        }
        if let Some(path) = self.read_only.clone() {
            let what = "the store was opened for reading only".to_owned();
            return Err(Error::Unavailable { what, path, source: None });
        }
        if bytes > self.pending_bytes_max {
            return Err(Error::TooLarge { what: "a submission", limit: self.pending_bytes_max });
        }
        if state.pending_bytes + bytes > self.pending_bytes_max {
            return Err(Error::Busy { what: "pendingBytesMax are outstanding" });
        }
        Ok(())
    }

    /// These bytes are settled.
    pub(super) fn release(&self, bytes: u64) {
        let mut state = self.state.lock();
        state.pending_bytes = state.pending_bytes.saturating_sub(bytes);
    }

    /// Takes all that has come; `mail` must have been dealt with.
    pub(super) fn take(&self, mail: &mut Mail) {
        let mut state = self.state.lock();
        state.news = false;
        mem::swap(&mut state.mail.arrivals, &mut mail.arrivals);
        mem::swap(&mut state.mail.submissions, &mut mail.submissions);
        mem::swap(&mut state.mail.departures, &mut mail.departures);
        mail.closing = state.mail.closing;
        mail.space_changed = mem::take(&mut state.mail.space_changed);
        mail.looks = state.mail.looks;
        mail.disk_full.clone_from(&state.mail.disk_full);
        mail.fatal = state.mail.fatal.take();
        mail.sealed = state.mail.sealed.take();
        mem::swap(&mut state.mail.found, &mut mail.found);
        mail.gave_up = state.mail.gave_up.take();
    }

    /// The committer sleeps until there is mail or news, or this long.
    pub(super) fn sleep(&self, at_most: Option<Duration>) {
        let mut state = self.state.lock();
        if state.news || !state.mail.submissions.is_empty() {
            return;
        }
        state.committer_sleeps = true;
        match at_most {
            Some(at_most) => {
                let _ = self.bell.wait_for(&mut state, at_most);
            }
            None => self.bell.wait(&mut state),
        }
        state.committer_sleeps = false;
    }

    /// The sealer says how the newest attempt ended.
    pub(super) fn spare_prepared(&self, disk_full: Option<Error>) {
        let mut state = self.state.lock();
        state.mail.disk_full = disk_full;
        state.mail.space_changed = true;
        self.tell(state);
    }

    /// The seal that was asked for ended so.
    pub(super) fn sealed(&self, sealed: Result<SealedFile>) {
        let mut state = self.state.lock();
        state.mail.sealed = Some(sealed);
        state.mail.space_changed = true;
        self.tell(state);
    }

    /// Background work gave up.
    pub(super) fn gave_up(&self, error: Error) {
        let mut state = self.state.lock();
        state.mail.gave_up = Some(error);
        self.tell(state);
    }

    /// What the store suffers from now.
    pub(super) fn set_conditions(&self, conditions: Vec<Condition>) {
        self.state.lock().conditions = conditions;
    }

    /// See `RunningStore::conditions`.
    pub(super) fn conditions(&self) -> Vec<Condition> {
        self.state.lock().conditions.clone()
    }

    /// Chats were looked up.
    pub(super) fn found(&self, found: Vec<FoundChat>) {
        let mut state = self.state.lock();
        state.mail.found.extend(found);
        self.tell(state);
    }

    /// The sealer ends with this.
    pub(super) fn fail(&self, error: Error) {
        let mut state = self.state.lock();
        state.mail.fatal = Some(error);
        self.tell(state);
    }

    pub(super) fn poison(&self, error: Error) {
        self.state.lock().poisoned.get_or_insert(error);
        self.done_bell.notify_all();
    }

    /// See `RunningStore::look_again`.
    pub(super) fn look_again(&self) {
        let mut state = self.state.lock();
        state.mail.looks += 1;
        state.mail.space_changed = true;
        let wanted = state.mail.looks;
        self.tell(state);
        let mut state = self.state.lock();
        while state.looked < wanted && state.closed.is_none() && state.poisoned.is_none() {
            self.done_bell.wait(&mut state);
        }
    }

    /// Wakes the committer where somebody waits for it to have looked.
    pub(super) fn nudge_if_looked_at(&self) {
        let state = self.state.lock();
        if state.looked < state.mail.looks {
            self.tell(state);
        }
    }

    /// The committer has looked so often, and has done what was due.
    pub(super) fn looked(&self, looks: u64) {
        self.state.lock().looked = looks;
        self.done_bell.notify_all();
    }

    /// Bytes submitted and not settled.
    pub(super) fn pending_bytes(&self) -> u64 {
        self.state.lock().pending_bytes
    }

    pub(super) fn poisoned(&self) -> Option<Error> {
        self.state.lock().poisoned.clone()
    }

    /// Wakes the committer: somebody is to be rung.
    pub(super) fn nudge(&self) {
        self.tell(self.state.lock());
    }

    /// Asks the committer to finish; nothing more can be submitted.
    pub(super) fn close(&self) {
        let mut state = self.state.lock();
        state.mail.closing = true;
        self.tell(state);
    }

    /// The committer has finished so.
    pub(super) fn closed(&self, result: Result<()>) {
        self.state.lock().closed = Some(result);
        self.done_bell.notify_all();
    }

    pub(super) fn wait_closed(&self) -> Result<()> {
        let mut state = self.state.lock();
        loop {
            if let Some(closed) = &state.closed {
                return closed.clone();
            }
            self.done_bell.wait(&mut state);
        }
    }

    /// A buffer to pack into.
    pub(super) fn emptied(&self) -> Packed {
        self.emptied.lock().take().unwrap_or_default()
    }

    /// Keeps buffers for re-use: as much as may be outstanding, since growing them anew costs more
    /// than filling them.
    pub(super) fn recycle(&self, buffers: impl Iterator<Item = Packed>) {
        let mut emptied = self.emptied.lock();
        for buffer in buffers {
            emptied.keep(buffer, self.pending_bytes_max);
        }
    }

    /// Gives memory back that only a burst needed.
    pub(super) fn forget_emptied(&self) {
        let mut emptied = self.emptied.lock();
        while emptied.buffers.len() > EMPTIED_MIN {
            drop(emptied.take());
        }
    }

    fn tell(&self, mut state: parking_lot::MutexGuard<'_, State>) {
        state.news = true;
        self.wake(state);
    }

    /// Lets go of the lock first, so that who wakes does not meet it.
    fn wake(&self, mut state: parking_lot::MutexGuard<'_, State>) {
        let sleeps = mem::take(&mut state.committer_sleeps);
        drop(state);
        if sleeps {
            self.bell.notify_one();
        }
    }
}
