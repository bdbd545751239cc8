//! The log of one store: a pure machine that a driver steps. No thread, no clock of its own.
//!
//! A commit is four steps, between which a driver (or the simulator) may do anything else:
//! `assemble` (judge what was submitted, number it, lay out one round), `write`, `sync`, `apply`
//! (chat states change, answers become available). One round is in flight at a time.

use crate::env::{Env, Space};
use crate::error::Result;
use crate::ops::{Completion, Operation, Ticket};
use crate::options::Options;
use crate::view::{ChatRow, CursorView, Head, ReadFrom, ReadResult, Record};

/// See the module.
pub struct Log {}

/// Packs operations; see `Log::packer`.
#[derive(Clone)]
pub struct Packer {}

/// Packed operations on their way to `Log::submit_packed`; `Send`.
#[derive(Default)]
pub struct Packed {}

#[expect(missing_docs, unused_variables, reason = "signatures first")]
impl Packer {
    /// Checks ids and sizes, and appends one operation to `into`.
    pub fn pack(&self, into: &mut Packed, operation: &Operation<'_>) -> Result<()> {
        todo!()
    }
}

#[expect(missing_docs, reason = "signatures first")]
impl Packed {
    /// Operations packed.
    pub fn len(&self) -> usize {
        todo!()
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Bytes counted against `pending_bytes_max`.
    pub fn bytes(&self) -> u64 {
        todo!()
    }
}

/// One assembled round, on its way to the disk.
pub struct Round {}

#[expect(missing_docs, reason = "signatures first")]
impl Round {
    /// Its number; dense.
    pub fn number(&self) -> u64 {
        todo!()
    }
    /// Time stamp of its records.
    pub fn at(&self) -> u64 {
        todo!()
    }
    /// The retention clock as of this round.
    pub fn retention_at(&self) -> u64 {
        todo!()
    }
    /// Bytes it writes.
    pub fn bytes(&self) -> usize {
        todo!()
    }
}

/// What `assemble` found to do.
pub enum Assembled {
    /// Nothing is due.
    Nothing,
    /// The next round does not fit in the journal file and no spare is ready: prepare one.
    NeedsSpare,
    /// Write, sync and apply this before the next `assemble`.
    Round(Round),
}

/// See `Log::spare_maker`.
#[derive(Clone)]
pub struct SpareMaker {}

#[expect(missing_docs, reason = "signatures first")]
impl SpareMaker {
    /// Whether fewer than `options.spares` files are ready.
    pub fn wants(&self) -> bool {
        todo!()
    }
    /// Prepares one; on ENOSPC appends are refused with `FOQ_DISK_FULL` until one succeeds.
    pub fn prepare(&self) -> Result<()> {
        todo!()
    }
}

/// Reads durable state, from any thread.
#[derive(Clone)]
pub struct Reader {}

#[expect(missing_docs, unused_variables, reason = "signatures first")]
impl Log {
    /// Locks, recovers (see recovery.rs), and is ready. Creates a store if `options.create`.
    pub fn open(env: &Env, options: &Options) -> Result<Self> {
        todo!()
    }
    /// Enqueues one operation; arguments are checked here (ids, sizes), the rest by `assemble`.
    /// `caller` numbers are the driver's; one caller's operations on a chat keep their order.
    pub fn submit(&mut self, caller: u32, operation: &Operation<'_>) -> Result<Ticket> {
        todo!()
    }
    /// Packs operations on the caller's own thread: layout, key hash and payload checksum are
    /// made there, so that the committer touches headers only. `Packer` is `Send` and cheap.
    pub fn packer(&self) -> Packer {
        todo!()
    }
    /// Enqueues what a packer packed, as one caller's next operations; tickets are consecutive
    /// from the one returned. `FOQ_BUSY` beyond `pending_bytes_max`, `FOQ_POISONED` after a failure.
    pub fn submit_packed(&mut self, caller: u32, packed: Packed) -> Result<Ticket> {
        todo!()
    }
    /// Emptied buffers to pack into again (the hot path allocates nothing).
    pub fn take_emptied(&mut self) -> Option<Packed> {
        todo!()
    }
    /// Step 1.
    pub fn assemble(&mut self) -> Result<Assembled> {
        todo!()
    }
    /// Step 2.
    pub fn write(&mut self, round: &Round) -> Result<()> {
        todo!()
    }
    /// Step 3. (`PageCacheUnsafe`: does nothing.)
    pub fn sync(&mut self, round: &Round) -> Result<()> {
        todo!()
    }
    /// Step 4. After a failed step 2 or 3 the log is poisoned: drop the round, take completions.
    pub fn apply(&mut self, round: Round) {
        todo!()
    }
    /// Answers that became available since the last call, in order per caller and chat.
    pub fn take_completions(&mut self) -> Vec<Completion> {
        todo!()
    }
    /// Tells the log how much space the disk has (the driver looks about once a second, and after
    /// a failed `prepare_spare`); decides which operations are refused with `FOQ_DISK_FULL`.
    pub fn set_space(&mut self, space: Space) {
        todo!()
    }
    /// Wall-clock-free time (monotonic ms) at which pending acks must be flushed by `assemble`.
    pub fn next_deadline_ms(&self) -> Option<u64> {
        todo!()
    }
    /// The spare maker for the sealer's thread: `prepare()` blocks on the disk, shares nothing
    /// with the committer but a short list. `Log::prepare_spare` is the same for one thread.
    pub fn spare_maker(&self) -> SpareMaker {
        todo!()
    }
    /// Whether fewer than `options.spares` files are ready.
    pub fn wants_spare(&self) -> bool {
        todo!()
    }
    /// Prepares one spare, from a file named `journal/*.free` (old bytes stay in it) or new.
    pub fn prepare_spare(&mut self) -> Result<()> {
        todo!()
    }
    /// A header-only round when the last durable round is not yet covered by a mark; the driver
    /// asks after `idle_mark_ms` of idleness, and writes/syncs/applies it as any round.
    pub fn assemble_mark(&mut self) -> Result<Assembled> {
        todo!()
    }
    /// A header-only round that carries the time (retention moves on in an idle store).
    pub fn assemble_tick(&mut self) -> Result<Assembled> {
        todo!()
    }
    /// Commits everything submitted and pending acks, then a mark; releases the lock.
    pub fn close(self) -> Result<()> {
        todo!()
    }
    /// Keeps the order in which operations were judged for `take_judged` (simulation).
    pub fn trace_judged(&mut self, on: bool) {
        todo!()
    }
    /// Operations judged since the last call, in order: refused ones, repeats and undurable acks
    /// too. Those judged by an `assemble` that made a round belong to that round.
    pub fn take_judged(&mut self) -> Vec<Ticket> {
        todo!()
    }
    /// Round number of the last durable round, and of the last assembled one.
    pub fn rounds(&self) -> (u64, u64) {
        todo!()
    }
    /// The read side.
    pub fn reader(&self) -> Reader {
        todo!()
    }
    /// True while expiry by age is frozen by a clock jump.
    pub fn clock_frozen(&self) -> bool {
        todo!()
    }
    /// Time stamp and retention time of the newest durable batch (0 before the first).
    pub fn times(&self) -> (u64, u64) {
        todo!()
    }
}

#[expect(missing_docs, unused_variables, reason = "signatures first")]
impl Reader {
    pub fn head(&self, chat_id: &str) -> Head {
        todo!()
    }
    pub fn read(
        &self,
        chat_id: &str,
        from: ReadFrom,
        limit: usize,
        bytes_max: usize,
    ) -> Result<ReadResult> {
        todo!()
    }
    pub fn pinned(&self, chat_id: &str) -> Result<Option<Record>> {
        todo!()
    }
    pub fn cursors(&self, chat_id: &str) -> Vec<CursorView> {
        todo!()
    }
    /// Most recent first.
    pub fn pending(&self, consumer_id: &str) -> Vec<ChatRow> {
        todo!()
    }
    pub fn chats_of(&self, consumer_id: &str) -> Vec<ChatRow> {
        todo!()
    }
    /// All chats ever seen, in no order.
    pub fn chats(&self) -> Vec<String> {
        todo!()
    }
}
