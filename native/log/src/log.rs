//! The log of one store: a pure machine that a driver steps. No thread, no clock of its own.
//!
//! A commit is four steps, between which a driver (or the simulator) may do anything else:
//! `assemble` (judge what was submitted, number it, lay out one round), `write`, `sync`, `apply`
//! (chat states change, answers become available). Rounds are written in order; the next may be
//! written before the one before it is durable, and one more assembled, but they become durable,
//! for anyone who asks, in order.
//!
//! Invariants: nothing is answered that rests on something not durable; after the first failed
//! write or sync nothing is acked until the store is opened again.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::env::{Env, Space};
use crate::error::{Error, Result};
use crate::hash::ChatKey;
use crate::judge::PendingAcks;
use crate::ladder::Room;
use crate::news::noting::Noting;
use crate::open::{self, Lock};
use crate::ops::{Completion, Operation, Ticket};
use crate::options::{Durability, Options};
use crate::overlay::Overlays;
use crate::pack::{Packed, Packer};
use crate::parking::Parking;
use crate::queue::Queue;
use crate::reader::Reader;
use crate::recovery::Progress;
use crate::retention_clock::{Instant, RetentionClock};
use crate::round::{Round, RoundBuffers};
use crate::seal::{JournalPart, Releasing};
use crate::shared::Shared;
use crate::shelf::{JournalFile, SpareMaker};

/// What `assemble` found to do.
pub enum Assembled {
    /// Nothing is due.
    Nothing,
    /// The next round does not fit in the journal file and no spare is ready: prepare one.
    NeedsSpare,
    /// Write, sync and apply this, in the order of assembly; at most `IN_FLIGHT_MAX` may be
    /// on their way, and one more assembled.
    Round(Round),
}

/// Rounds that may be written and not yet durable. The bytes that recovery clears behind the end
/// (`TAIL_BYTES`) hold that many.
pub const IN_FLIGHT_MAX: u64 = 2;

/// See the module.
pub struct Log {
    pub(crate) env: Env,
    pub(crate) options: Options,
    pub(crate) shared: Arc<Shared>,
    /// `None` only where a store was opened read-only.
    pub(crate) file: Option<JournalFile>,
    /// Where the next round goes in `file`.
    pub(crate) end: u64,
    pub(crate) spares: SpareMaker,
    /// Last durable round and what it carries.
    pub(crate) durable: Progress,
    /// Last assembled round; equal to `durable` when nothing is in flight.
    pub(crate) assembled: Progress,
    /// Last round that was given to the disk, and its file.
    pub(crate) sealed: (u64, u64),
    /// Last round covered by a sync: what a mark may claim.
    pub(crate) synced_round: u64,
    pub(crate) clock: RetentionClock,
    pub(crate) queue: Queue,
    pub(crate) overlays: Overlays,
    pub(crate) pending: PendingAcks,
    pub(crate) buffers: RoundBuffers,
    pub(crate) ready: Vec<Completion>,
    /// Answers that rest on an earlier round, and on which.
    pub(crate) waiting: Vec<(u64, Completion)>,
    /// The unsafe class: the file that was written last.
    pub(crate) unsynced: Option<JournalFile>,
    pub(crate) room: (Room, Space),
    pub(crate) noting: Noting,
    /// Operations on chats that are being looked up, and lookups nobody has taken yet.
    pub(crate) parking: Parking,
    pub(crate) lookups: Vec<ChatKey>,
    /// Journal files that are not sealed, oldest first; the last is the one being written.
    pub(crate) journal: VecDeque<JournalPart>,
    /// A file is being sealed.
    pub(crate) sealing: bool,
    /// A file is sealed, and its chats are being told.
    pub(crate) releasing: Option<Releasing>,
    /// Chats in RAM that had nothing in the journal when they came.
    pub(crate) idle: Vec<ChatKey>,
    pub(crate) judged: Option<Vec<Ticket>>,
    pub(crate) poisoned: Option<String>,
    damage: Option<Error>,
    /// Released when the log is dropped.
    _lock: Option<Lock>,
}

impl Log {
    /// Locks, recovers (see recovery.rs), and is ready. Creates a store if `options.create`.
    ///
    /// # Errors
    /// `FOQ_LOCKED`, `FOQ_CORRUPT`, `FOQ_VERSION`, `FOQ_UNAVAILABLE`, `FOQ_INVALID_ARGUMENT`,
    /// `FOQ_DISK_FULL`; nothing acked is lost by any of them.
    pub fn open(env: &Env, options: &Options) -> Result<Self> {
        let opened = open::open(env, options)?;
        let recovered = opened.recovered;
        let space = env.disk.space().unwrap_or(Space { free_bytes: u64::MAX, total_bytes: 0 });
        let round_bytes = if options.read_only { 0 } else { options.round_bytes_max as usize };
        let mut log = Self {
            env: env.clone(),
            options: options.clone(),
            shared: Arc::new(opened.shared),
            file: recovered.files.last().map(|part| part.file.clone()),
            end: recovered.end,
            spares: opened.spares,
            durable: recovered.progress,
            assembled: recovered.progress,
            sealed: (recovered.progress.round, 0),
            synced_round: recovered.progress.round,
            clock: RetentionClock::new(recovered.progress.retention_at),
            queue: Queue::default(),
            overlays: Overlays::default(),
            pending: PendingAcks::default(),
            buffers: RoundBuffers::new(round_bytes),
            ready: Vec::new(),
            waiting: Vec::new(),
            unsynced: None,
            room: (Room::Enough, space),
            noting: Noting::default(),
            parking: Parking::default(),
            lookups: Vec::new(),
            journal: recovered.files.into(),
            sealing: false,
            releasing: None,
            idle: Vec::new(),
            judged: None,
            poisoned: None,
            damage: recovered.damage,
            _lock: opened.lock,
        };
        log.set_space(space);
        Ok(log)
    }

    /// Packs operations on the caller's own thread; see `Packer`.
    #[must_use]
    pub fn packer(&self) -> Packer {
        Packer::new(self.shared.hashes, &self.options)
    }

    /// Enqueues one operation; arguments are checked here (ids, sizes), the rest by `assemble`.
    /// `caller` numbers are the driver's; one caller's operations on a chat keep their order.
    ///
    /// # Errors
    /// As `Packer::pack` and `submit_packed`.
    pub fn submit(&mut self, caller: u32, operation: &Operation<'_>) -> Result<Ticket> {
        let mut packed = self.take_emptied().unwrap_or_default();
        self.packer().pack(&mut packed, operation)?;
        self.submit_packed(caller, packed)
    }

    /// Enqueues what a packer packed, as one caller's next operations; tickets are consecutive
    /// from the one returned.
    ///
    /// # Errors
    /// `FOQ_BUSY` beyond `pending_bytes_max`, `FOQ_POISONED` after a failure.
    pub fn submit_packed(&mut self, caller: u32, packed: Packed) -> Result<Ticket> {
        self.check_writable()?;
        let bytes = packed.bytes();
        let is_empty = self.queue.is_empty() && self.parking.is_empty();
        if !is_empty
            && self.queue.bytes() + self.parking.bytes() + bytes > self.options.pending_bytes_max
        {
            return Err(Error::Busy { what: "pendingBytesMax is reached" });
        }
        Ok(self.queue.push(caller, packed))
    }

    /// The caller's next ticket is not for the log, and will be answered by who gave it.
    pub(crate) fn skip_ticket(&mut self, caller: u32) {
        self.queue.skip(caller);
    }

    /// Emptied buffers to pack into again (the hot path allocates nothing).
    pub fn take_emptied(&mut self) -> Option<Packed> {
        self.queue.take_emptied()
    }

    /// Answers that became available since the last call, in order per caller and chat.
    pub fn take_completions(&mut self) -> Vec<Completion> {
        std::mem::take(&mut self.ready)
    }

    /// Appends the answers that became available to `into`.
    pub fn drain_completions(&mut self, into: &mut Vec<Completion>) {
        into.append(&mut self.ready);
    }

    /// Tells the log how much space the disk has (the driver looks about once a second, and after
    /// a failed `prepare_spare`); decides which operations are refused with `FOQ_DISK_FULL`.
    pub fn set_space(&mut self, space: Space) {
        self.room = (Room::of(&self.options, space), space);
    }

    /// Whether the disk has no room for appends.
    #[must_use]
    pub fn refuses_appends(&self) -> bool {
        self.room.0 >= Room::NoAppends || self.spares.no_space()
    }

    /// Monotonic ms at which pending acks must be flushed by `assemble`.
    #[must_use]
    pub fn next_deadline_ms(&self) -> Option<u64> {
        self.pending.since_ms.map(|since| since.saturating_add(self.options.ack_flush_ms))
    }

    /// The spare maker for the sealer's thread: `prepare()` blocks on the disk, shares nothing
    /// with the committer but a short list.
    #[must_use]
    pub fn spare_maker(&self) -> SpareMaker {
        self.spares.clone()
    }

    /// Whether fewer than `options.spares` files are ready.
    #[must_use]
    pub fn wants_spare(&self) -> bool {
        self.spares.wants()
    }

    /// Prepares one spare, from a file named `journal/*.free` (old bytes stay in it) or new.
    ///
    /// # Errors
    /// As `SpareMaker::prepare`; anything but `FOQ_DISK_FULL` poisons the log.
    pub fn prepare_spare(&mut self) -> Result<()> {
        self.check_writable()?;
        match self.spares.prepare_with_care() {
            Err(full @ Error::DiskFull { .. }) => Err(full),
            Err(failure) => Err(self.poison(&failure.to_string())),
            Ok(()) => Ok(()),
        }
    }

    /// The failure that poisoned the log, if any.
    #[must_use]
    pub fn poisoned(&self) -> Option<Error> {
        self.poisoned.clone().map(|cause| Error::Poisoned { cause })
    }

    /// What is corrupt in a store opened read-only; reads serve what lies before it.
    #[must_use]
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// Commits everything submitted and pending acks, then a mark; releases the lock.
    ///
    /// # Errors
    /// Whatever a step met; the store opens again after it as after a crash.
    pub fn close(mut self) -> Result<()> {
        self.finish()
    }

    /// As `close`, but leaves the log to be asked for its last completions.
    ///
    /// # Errors
    /// As `close`.
    pub fn finish(&mut self) -> Result<()> {
        if self.options.read_only {
            return Ok(());
        }
        self.pending.wanted = true;
        loop {
            self.look_up_parked();
            match self.assemble()? {
                Assembled::Nothing if self.is_empty() => break,
                Assembled::Nothing => self.pending.wanted = true,
                // Nothing is sealed any more: the last bytes of the disk may be used.
                Assembled::NeedsSpare => self.spares.prepare()?,
                Assembled::Round(round) => self.commit(round)?,
            }
        }
        if let Assembled::Round(mark) = self.assemble_mark()? {
            self.commit(mark)?;
        }
        if let Some(file) = self.unsynced.take() {
            self.sync_file(&file)?;
        }
        if self.options.durability == Durability::PageCacheUnsafe {
            self.shared.catalog.edit_manifest(|manifest| manifest.clean = true)?;
        }
        Ok(())
    }

    /// Keeps the order in which operations were judged for `take_judged` (simulation).
    pub fn trace_judged(&mut self, on: bool) {
        self.judged = on.then(Vec::new);
    }

    /// Operations judged since the last call, in order: refused ones, repeats and undurable acks
    /// too. Those judged by an `assemble` that made a round belong to that round.
    pub fn take_judged(&mut self) -> Vec<Ticket> {
        self.judged.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Number of the last durable round, and of the last assembled one.
    #[must_use]
    pub fn rounds(&self) -> (u64, u64) {
        (self.durable.round, self.assembled.round)
    }

    /// The read side.
    #[must_use]
    pub fn reader(&self) -> Reader {
        Reader { shared: Arc::clone(&self.shared) }
    }

    /// True while expiry by age is frozen by a clock jump.
    #[must_use]
    pub fn clock_frozen(&self) -> bool {
        self.clock.is_frozen()
    }

    /// Time stamp and retention time of the newest durable batch (0 before the first).
    #[must_use]
    pub fn times(&self) -> (u64, u64) {
        (self.durable.at, self.durable.retention_at)
    }

    /// Bytes of operations that wait to be judged.
    #[must_use]
    pub fn queued_bytes(&self) -> u64 {
        self.queue.bytes()
    }

    /// Whether judged acks are in no round yet; if so the next round takes them.
    pub(crate) fn asks_for_acks(&mut self) -> bool {
        let some = !self.pending.chats.is_empty();
        self.pending.wanted |= some;
        some
    }

    /// Whether operations wait to be judged.
    #[must_use]
    pub fn has_work(&self) -> bool {
        !self.queue.is_empty() || self.pending.wanted || self.parking.has_ready()
    }

    /// Whether every operation was judged.
    fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.parking.is_empty()
    }

    pub(crate) fn now(&self) -> Instant {
        let clock = &self.env.clock;
        Instant { wall_ms: clock.wall_ms(), monotonic_ms: clock.monotonic_ms() }
    }
}
