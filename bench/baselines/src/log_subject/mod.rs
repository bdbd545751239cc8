//! The log under test: a running store as a subject, driven through the same door as the baselines.
//!
//! One caller submits plain appends, packed on the generator's thread as any caller packs them; an
//! ack counts when the store hands the answer over, after the sync and after the chat states have
//! changed. Journal files come from a pool that is written before the windows, as the files of a
//! sealed journal would be recycled.

mod answers;
mod counted_disk;
mod pool;
#[cfg(test)]
mod tests;

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use foq_log::env::real::{Caller, RunningStore, env};
use foq_log::{Append, Operation, Options, Packed, Packer};
use parking_lot::Mutex;

use crate::numbers::index;
use crate::subject::{Completion, Opener, Subject, Written};
use answers::Answers;
use counted_disk::{Counters, counted};
use pool::Pool;

/// Payload bytes in flight at most, as much as a baseline's chunks hold.
const IN_FLIGHT_BYTES_MAX: u64 = 12 << 20;

/// A log is replaced by an empty one long before it has so much, so that nothing is sealed: here
/// appends are measured alone.
const JOURNAL_WINDOW_BYTES: u64 = 64 << 30;
const JOURNAL_WINDOW_MS: u64 = 24 * 60 * 60 * 1000;

/// Opens stores.
pub struct LogOpener {
    journal_file_bytes: u64,
    pool: Mutex<Option<Arc<Pool>>>,
}

impl LogOpener {
    /// Journal files have this size.
    #[must_use]
    pub fn new(journal_file_bytes: u64) -> Self {
        Self { journal_file_bytes, pool: Mutex::new(None) }
    }

    /// The pool lies beside the first store, so that files move between them by name only.
    fn pool_beside(&self, folder: &Path) -> io::Result<Arc<Pool>> {
        let mut pool = self.pool.lock();
        if let Some(pool) = pool.as_ref() {
            return Ok(Arc::clone(pool));
        }
        let parent = folder.parent().unwrap_or(folder);
        let made = Arc::new(Pool::create(parent, self.journal_file_bytes)?);
        *pool = Some(Arc::clone(&made));
        Ok(made)
    }
}

impl Opener for LogOpener {
    fn name(&self) -> &str {
        "log"
    }

    fn open(&self, folder: &Path) -> io::Result<Box<dyn Subject>> {
        let pool = self.pool_beside(folder)?;
        let store = LogSubject::open(folder, pool)?;
        Ok(Box::new(store))
    }
}

/// A store with one caller.
struct LogSubject {
    // Taken on drop, before the journal's files go back to the pool.
    running: Option<(RunningStore, Caller)>,
    packer: Packer,
    packed: Packed,
    /// The last chatId that was used.
    chat_id: [u8; 13],
    answers: Arc<Answers>,
    counters: Arc<Counters>,
    in_flight: u64,
    journal: std::path::PathBuf,
    pool: Arc<Pool>,
}

impl LogSubject {
    fn open(folder: &Path, pool: Arc<Pool>) -> io::Result<Self> {
        let counters = Arc::new(Counters::default());
        let mut world = env(folder)?;
        world.disk = Arc::new(counted(world.disk, Arc::clone(&counters)));
        let journal_file_bytes = u32::try_from(pool.file_bytes()).map_err(io::Error::other)?;
        let options = Options {
            journal_file_bytes,
            journal_window_bytes: JOURNAL_WINDOW_BYTES,
            journal_window_ms: JOURNAL_WINDOW_MS,
            ..Options::default()
        };
        let store = RunningStore::open(&world, &options).map_err(io::Error::other)?;
        let answers = Arc::new(Answers::default());
        let caller = store.caller(answers.clone());
        Ok(Self {
            packer: store.packer(),
            packed: caller.emptied(),
            chat_id: *b"chat-00000000",
            running: Some((store, caller)),
            answers,
            counters,
            in_flight: 0,
            journal: folder.join("journal"),
            pool,
        })
    }
}

/// Writes a chat's number into its chatId. A caller has the id of what it sends at hand; to look it
/// up among 100,000 here would measure the generator's own cache misses.
fn name(chat_id: &mut [u8; 13], mut chat: u32) -> Result<&str, std::str::Utf8Error> {
    for digit in chat_id.iter_mut().rev().take(8) {
        *digit = b'0' + u8::try_from(chat % 10).unwrap_or_default();
        chat /= 10;
    }
    std::str::from_utf8(chat_id)
}

impl Subject for LogSubject {
    fn submit(&mut self, payload: &[u8], chats: &[u32]) -> io::Result<usize> {
        let limit = IN_FLIGHT_BYTES_MAX / (payload.len() as u64).max(1);
        let accepted = index(limit.saturating_sub(self.in_flight)).min(chats.len());
        for &chat in chats.iter().take(accepted) {
            let chat_id = name(&mut self.chat_id, chat).map_err(io::Error::other)?;
            let append = Operation::Append(Append::new(chat_id, payload));
            self.packer.pack(&mut self.packed, &append).map_err(io::Error::other)?;
        }
        if accepted > 0 {
            let (_, caller) = self.running.as_ref().ok_or(io::ErrorKind::NotConnected)?;
            caller.submit_from(&mut self.packed).map_err(io::Error::other)?;
        }
        self.in_flight += accepted as u64;
        Ok(accepted)
    }

    fn completions(&mut self, into: &mut Vec<Completion>) -> io::Result<()> {
        let known = into.len();
        let outcome = self.answers.take(into);
        let new = into.get(known..).unwrap_or_default();
        self.in_flight -= new.iter().map(|run| run.count).sum::<u64>();
        outcome
    }

    fn wait(&mut self, at_most: Duration) {
        self.answers.wait(at_most);
    }

    fn written(&self) -> Written {
        self.counters.written()
    }

    fn prepare(&mut self, bytes: u64) -> io::Result<()> {
        self.pool.lend(&self.journal, bytes)
    }
}

impl Drop for LogSubject {
    fn drop(&mut self) {
        if let Some((store, caller)) = self.running.take() {
            drop(caller);
            if let Err(error) = store.close() {
                eprintln!("closing the store of {}: {error}", self.journal.display());
            }
        }
        if let Err(error) = self.pool.take_back(&self.journal) {
            eprintln!("{} keeps its files: {error}", self.journal.display());
        }
    }
}
