//! A running log, and the threads that read it for JavaScript.
//!
//! Invariant: the queue of looks is bounded, and every look in it is answered, also at close.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;

use foq_log::env::Env;
use foq_log::env::real::{Caller, CompletionSink, Condition, RunningStore, env};
use foq_log::{BackedUp, Counters, Error, Options, Packer, Reader, Result};
use parking_lot::Mutex;

use crate::bell::unavailable;
use crate::failure::contain;

/// Reads may wait for the disk: one may, while another goes on.
const READERS: usize = 2;

/// Looks that wait for a reader; beyond it `FOQ_BUSY`.
const LOOKS_WAITING_MAX: usize = 1024;

/// Looks into a store and tells what it saw, on a reader's thread.
pub type Look = Box<dyn FnOnce(&Reader) + Send>;

/// See the module.
pub struct Store {
    running: RunningStore,
    /// For what is never on disk.
    pub reader: Reader,
    /// Packs operations on the thread of whoever submits them.
    pub packer: Packer,
    readers: Mutex<Option<Readers>>,
}

struct Readers {
    queue: SyncSender<Look>,
    threads: Vec<JoinHandle<()>>,
}

impl Store {
    /// Opens the log and starts its threads; blocks while it recovers.
    pub fn open(directory: &Path, options: &Options) -> Result<Self> {
        let env = env(directory).map_err(|error| unavailable("cannot use the directory", error))?;
        Self::open_in(&env, options)
    }

    /// As `open`, in this world.
    pub fn open_in(env: &Env, options: &Options) -> Result<Self> {
        let running = RunningStore::open(env, options)?;
        let readers = Mutex::new(Some(Readers::start(&running.reader())?));
        Ok(Self { reader: running.reader(), packer: running.packer(), running, readers })
    }

    /// A new caller, whose answers go to `sink`.
    pub fn caller(&self, sink: Arc<dyn CompletionSink>) -> Caller {
        self.running.caller(sink)
    }

    /// See `RunningStore::look_again`.
    pub fn look_again(&self) {
        self.running.look_again();
    }

    /// Queues a look for a reader.
    pub fn look(&self, look: Look) -> Result<()> {
        let readers = self.readers.lock();
        let queue = readers.as_ref().map(|readers| &readers.queue).ok_or(Error::Closed)?;
        queue.try_send(look).map_err(|error| match error {
            TrySendError::Full(_) => Error::Busy { what: "looks waiting" },
            TrySendError::Disconnected(_) => Error::Closed,
        })
    }

    /// See `RunningStore::backup`.
    pub fn backup(&self, directory: &Path, give_up: &AtomicBool) -> Result<BackedUp> {
        let target = env(directory);
        let target = target.map_err(|error| unavailable("cannot use the directory", error))?;
        self.running.backup(&target, give_up)
    }

    /// What it counted since it was opened.
    pub fn counters(&self) -> Counters {
        self.running.counters()
    }

    /// See `RunningStore::conditions`.
    pub fn conditions(&self) -> Vec<Condition> {
        self.running.conditions()
    }

    /// Answers the looks that wait, makes everything submitted durable, ends all threads.
    pub fn close(&self) -> Result<()> {
        let readers = self.readers.lock().take();
        if let Some(Readers { queue, threads }) = readers {
            drop(queue);
            for thread in threads {
                // A reader contains every panic, so it has nothing to tell.
                let _ = thread.join();
            }
        }
        self.running.close()
    }
}

impl Readers {
    fn start(reader: &Reader) -> Result<Self> {
        let (queue, waiting) = sync_channel(LOOKS_WAITING_MAX);
        let waiting = Arc::new(Mutex::new(waiting));
        let mut threads = Vec::with_capacity(READERS);
        for _ in 0..READERS {
            let (reader, waiting) = (reader.clone(), Arc::clone(&waiting));
            let thread = std::thread::Builder::new()
                .name(String::from("foq-reader"))
                .spawn(move || serve(&reader, &waiting))
                .map_err(|error| unavailable("cannot start a thread", error))?;
            threads.push(thread);
        }
        Ok(Self { queue, threads })
    }
}

/// Ends when nobody can queue looks any more and the queue is empty. Readers take turns to wait
/// for the queue; nobody holds the lock while it looks.
fn serve(reader: &Reader, waiting: &Mutex<Receiver<Look>>) {
    loop {
        let next = waiting.lock().recv();
        let Ok(look) = next else { return };
        let _ = contain(|| {
            look(reader);
            Ok(())
        });
    }
}
