//! The threads that drive a log: what turns the pure machine into a store that runs.
//!
//! - The **committer** owns the log. It takes what callers submitted, and assembles, writes,
//!   syncs and applies rounds; while a sync runs, the next round gathers by itself.
//! - Two **writers** put rounds on the disk while the committer judges the next, where more waits.
//! - The **sealer** prepares journal files ahead, so that the committer finds one ready, and seals
//!   the oldest ones.
//! - The **reader** looks up chats that are not in RAM and are asked for.
//!
//! A backup runs on the thread of whoever asks for it.
//!
//! Invariants: nobody waits holding a lock. Every submitted operation is settled exactly once,
//! whatever happens: a failed write or sync, or a panic on either thread, poisons the store,
//! settles all that is outstanding with `FOQ_POISONED`, and leaves readers as they were.

mod backups;
mod barrier;
mod committer;
mod counting;
mod desk;
mod intake;
mod lookups;
mod outstanding;
mod sealer;
#[cfg(test)]
mod tests;
mod writer;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::thread::{self, JoinHandle, ThreadId};

use parking_lot::Mutex;

use self::backups::Backups;
pub use self::committer::Condition;
use self::committer::{Committer, Helpers};
use self::counting::Counting;
use self::intake::Intake;
use self::lookups::Lookups;
use self::sealer::{Sealer, Work};
use self::writer::{Writer, Writers};
use crate::env::Env;
use crate::error::{Error, Result};
use crate::merge::Pace;
use crate::ops::Completion;
use crate::options::{Durability, Options};
use crate::{AttachmentId, BackedUp, Counters, Log, NewsPage, Packed, Packer, Reader, SpareMaker};

/// Who learns what became of a caller's operations.
pub trait CompletionSink: Send + Sync {
    /// Takes the answers that became available, in order per chat; at most once per round.
    ///
    /// Runs on the committer's thread, which commits nothing meanwhile: it should take them
    /// and wake someone. What is left in `completions` is dropped. It may submit, and may ask
    /// to close, but must not wait for either. A panic here poisons the store.
    fn complete(&self, completions: &mut Vec<Completion>);

    /// These attachments of the caller have something to hear: `Caller::take_news`. Each is named
    /// once and not again until a `take_news` left nothing, seldom without need. The same rules
    /// as for `complete` hold.
    fn news(&self, attachments: &mut Vec<AttachmentId>) {
        attachments.clear();
    }
}

/// A store with its threads; closed when dropped.
pub struct RunningStore {
    intake: Arc<Intake>,
    packer: Packer,
    reader: Reader,
    damage: Option<Error>,
    counting: Arc<Counting>,
    backups: Backups,
    spares: SpareMaker,
    /// Whether it was opened for more than reading.
    writes: bool,
    committer: ThreadId,
    handle: Mutex<Option<JoinHandle<()>>>,
}

/// One source of operations; its operations on a chat keep their order. Callers take turns.
pub struct Caller {
    intake: Arc<Intake>,
    reader: Reader,
    number: u32,
}

impl RunningStore {
    /// Opens the store, which may recover for a while, and starts its threads.
    ///
    /// # Errors
    /// Those of `Log::open`, and `FOQ_UNAVAILABLE` when the system gives no thread.
    pub fn open(env: &Env, options: &Options) -> Result<Self> {
        let options = &resolved(env, options);
        let log = Log::open(env, &log_options(options))?;
        let spares = log.spare_maker();
        let (packer, reader, damage) = (log.packer(), log.reader(), log.damage().cloned());
        let intake = Arc::new(Intake::new(options, env.disk.name()));
        let now = env.clock.monotonic_ms();
        let work = Work {
            maker: log.spare_maker(),
            ballast: log.ballast(),
            background: log.background(),
            pace: Arc::new(Mutex::new(Pace::new(options.background_bytes_per_second, now))),
            env: env.clone(),
        };
        let backups = Backups::new(env, &work.pace);
        let sealer = Sealer::start(work, &intake, !options.read_only)
            .map_err(|error| no_thread(env, error))?;
        // The unsafe class waits for no disk: its committer writes alone.
        let writes = !options.read_only && options.durability == Durability::Fsync;
        let counting = Arc::new(Counting::default());
        let start = |slot, name| {
            Writer::start((log.round_writer(slot), Arc::clone(&counting)), name, writes)
        };
        let first = start(0, "foq-committer-0").map_err(|error| no_thread(env, error))?;
        let second = start(1, "foq-committer-1").map_err(|error| no_thread(env, error))?;
        let writers = Writers::new([first, second], writes);
        let lookups =
            Lookups::start(&intake, !options.read_only).map_err(|error| no_thread(env, error))?;
        let helpers = Helpers { sealer, lookups, writers, counting: Arc::clone(&counting) };
        let committer = Committer::new(log, env, options, Arc::clone(&intake), helpers);
        let handle = thread::Builder::new()
            .name("foq-committer".to_owned())
            .spawn(move || committer.main())
            .map_err(|error| no_thread(env, error))?;
        let committer = handle.thread().id();
        let (writes, handle) = (!options.read_only, Mutex::new(Some(handle)));
        Ok(Self {
            intake,
            packer,
            reader,
            damage,
            counting,
            backups,
            spares,
            writes,
            committer,
            handle,
        })
    }

    /// Packs operations for [`Caller::submit`], on the caller's own thread.
    #[must_use]
    pub fn packer(&self) -> Packer {
        self.packer.clone()
    }

    /// A new caller, whose answers go to `sink`.
    #[must_use]
    pub fn caller(&self, sink: Arc<dyn CompletionSink>) -> Caller {
        let number = self.intake.arrive(sink);
        Caller { intake: Arc::clone(&self.intake), reader: self.reader(), number }
    }

    /// The read side; it outlives the store.
    #[must_use]
    pub fn reader(&self) -> Reader {
        self.reader.clone()
    }

    /// What is corrupt in a store opened for reading; reads serve what lies before it.
    #[must_use]
    pub fn damage(&self) -> Option<&Error> {
        self.damage.as_ref()
    }

    /// The failure that poisoned the store, as `FOQ_POISONED`.
    #[must_use]
    pub fn poisoned(&self) -> Option<Error> {
        self.intake.poisoned()
    }

    /// What the store counted since it was opened, and how it stands.
    #[must_use]
    pub fn counters(&self) -> Counters {
        let shared = &self.reader.shared;
        let (chats, partial_chats) = {
            let states = shared.states.read();
            (states.len() as u64, states.partials.len() as u64)
        };
        Counters {
            chats,
            partial_chats,
            journal_files: shared.files() as u64,
            spare_bytes: self.spares.bytes_written(),
            pending_bytes: self.intake.pending_bytes(),
            poisoned: self.intake.poisoned().is_some(),
            ..shared.count_tables(self.counting.copied())
        }
    }

    /// Backs the store up into an empty directory, while it goes on; see `Reader::begin_backup`.
    /// Blocks for as long as that takes at the rate of background work; somebody else ends it by
    /// `give_up`.
    ///
    /// # Errors
    /// Those of `Reader::begin_backup` and `BackupJob::step`, after which the store is as it was;
    /// `FOQ_CLOSED` where it was given up, or the store closed; what is corrupt in a store that was
    /// opened for reading.
    pub fn backup(&self, target: &Env, give_up: &AtomicBool) -> Result<BackedUp> {
        match &self.damage {
            Some(damage) => Err(damage.clone()),
            None => self.backups.run(&self.reader, &target.disk, give_up),
        }
    }

    /// What the store suffers from now. Every caller's sink is rung with `CONDITIONS` as attachment
    /// when that changes.
    #[must_use]
    pub fn conditions(&self) -> Vec<Condition> {
        self.intake.conditions()
    }

    /// The store looks at its clock and at the space of its disk now, and not only when it planned
    /// to; returns when it has done what that asked for and has its spares, so that it touches the
    /// disk no more by itself; at once in a store that is only read. For worlds whose time and
    /// space somebody moves by hand.
    pub fn look_again(&self) {
        if self.writes {
            self.intake.look_again();
        }
    }

    /// Commits all that was submitted, settles every operation, makes all acks durable, and
    /// releases the lock. Later calls wait for the first and give the same answer. From within
    /// a sink it only asks for all this, and does not wait.
    ///
    /// # Errors
    /// `FOQ_POISONED` when the store is, and what kept the last acks from becoming durable.
    pub fn close(&self) -> Result<()> {
        let is_sink = thread::current().id() == self.committer;
        // The lock is released at the end: by then nobody may look at the files.
        self.backups.end(!is_sink);
        self.intake.close();
        if is_sink {
            return Ok(());
        }
        let closed = self.intake.wait_closed();
        let handle = self.handle.lock().take();
        if let Some(handle) = handle {
            // It catches its own panics, and has said all it has to say.
            let _ = handle.join();
        }
        closed
    }
}

impl Drop for RunningStore {
    fn drop(&mut self) {
        // Who wants to know calls `close` first.
        let _ = self.close();
    }
}

impl Caller {
    /// Submits the packed operations, in order, as this caller's next ones. Their ticket
    /// numbers are consecutive from the one returned, and each is settled exactly once.
    ///
    /// # Errors
    /// As [`Caller::submit_from`]; the operations are dropped then.
    pub fn submit(&self, mut packed: Packed) -> Result<u64> {
        self.submit_from(&mut packed)
    }

    /// As [`Caller::submit`], but leaves an emptied buffer in the place of what it took, and on
    /// an error leaves the operations where they are, to be submitted again.
    ///
    /// # Errors
    /// `FOQ_BUSY` when more than `pending_bytes_max` would be outstanding, `FOQ_TOO_LARGE`
    /// when that will always be so, `FOQ_POISONED`, `FOQ_CLOSED`, and `FOQ_UNAVAILABLE` when
    /// the store was opened for reading only. Nothing was submitted then.
    pub fn submit_from(&self, packed: &mut Packed) -> Result<u64> {
        self.intake.submit(self.number, packed)
    }

    /// Asks for a ticket that is answered `Done` when everything submitted before, by anyone, is
    /// settled, and every ack applied by then is durable.
    ///
    /// # Errors
    /// `FOQ_POISONED`, `FOQ_CLOSED`, and `FOQ_UNAVAILABLE` when the store was opened for reading
    /// only.
    pub fn barrier(&self) -> Result<u64> {
        self.intake.barrier(self.number)
    }

    /// An emptied buffer to pack into, so that the hot path allocates nothing.
    #[must_use]
    pub fn emptied(&self) -> Packed {
        self.intake.emptied()
    }

    /// From now on this caller's sink hears of every chat in which the consumer has, gets or
    /// loses a cursor. Nothing is missed by who attaches first and then reads what is pending.
    /// An older attachment of the same consumer, whoever has it, is fenced.
    #[must_use]
    pub fn attach(&self, consumer_id: &str) -> AttachmentId {
        self.heard(self.reader.attach(self.number, consumer_id))
    }

    /// From now on this caller's sink hears of this chat, which need not exist yet.
    #[must_use]
    pub fn watch(&self, chat_id: &str) -> AttachmentId {
        self.heard(self.reader.watch(self.number, chat_id))
    }

    fn heard(&self, (id, rings): (AttachmentId, bool)) -> AttachmentId {
        if rings {
            self.intake.nudge();
        }
        id
    }

    /// Ends an attachment or watch of this caller; one that has ended is no error.
    pub fn detach(&self, id: AttachmentId) {
        self.reader.shared.news.detach(self.number, id);
    }

    /// At most `limit` chats that changed since they were last taken, oldest change first. Only
    /// once a call returned no rows is the attachment rung again.
    #[must_use]
    pub fn take_news(&self, id: AttachmentId, limit: usize) -> NewsPage {
        self.reader.take_news(self.number, id, limit)
    }
}

impl Drop for Caller {
    /// What it submitted goes on, and its sink is told; then its number is free.
    fn drop(&mut self) {
        self.reader.shared.news.detach_all(self.number);
        self.intake.depart(self.number);
    }
}

/// The intake bounds what is outstanding, before a ticket is given; a second bound inside the
/// log would refuse operations that already have one.
fn log_options(options: &Options) -> Options {
    Options { pending_bytes_max: u64::MAX, ..options.clone() }
}

/// The options, with what depends on the machine: 0 for the journal's window is the least of
/// 8 GiB, a quarter of the memory and a tenth of the disk.
fn resolved(env: &Env, options: &Options) -> Options {
    let mut options = options.clone();
    if options.journal_window_bytes == 0 {
        let disk = env.disk.space().map_or(u64::MAX, |space| space.total_bytes);
        let window = (8 << 30).min(super::memory::memory_bytes() / 4).min(disk / 10);
        options.journal_window_bytes = window.max(u64::from(options.journal_file_bytes));
    }
    options
}

fn no_thread(env: &Env, error: std::io::Error) -> Error {
    Error::io("starting a thread", env.disk.name(), error)
}
