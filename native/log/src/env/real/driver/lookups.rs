//! The reader's thread: looks chats up for the committer, away from it.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};

use parking_lot::{Condvar, Mutex};

use super::committer::panic_text;
use super::intake::Intake;
use crate::error::Error;
use crate::lookup::Lookup;

#[derive(Default)]
struct State {
    /// As many as chats that operations wait for, which `pending_bytes_max` bounds.
    asked: Vec<Lookup>,
    stop: bool,
}

#[derive(Default)]
struct Desk {
    state: Mutex<State>,
    changed: Condvar,
}

/// The handle of the thread.
pub(super) struct Lookups {
    desk: Arc<Desk>,
    handle: Option<JoinHandle<()>>,
}

impl Lookups {
    /// Starts the thread, unless the store is only read.
    pub(super) fn start(intake: &Arc<Intake>, works: bool) -> io::Result<Self> {
        let desk = Arc::new(Desk::default());
        if !works {
            return Ok(Self { desk, handle: None });
        }
        let (intake, heard) = (Arc::clone(intake), Arc::clone(&desk));
        let handle = thread::Builder::new().name("foq-reader".to_owned()).spawn(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| run(&intake, &heard)));
            if let Err(panic) = ended {
                intake.fail(Error::Poisoned { cause: panic_text(&*panic) });
            }
        })?;
        Ok(Self { desk, handle: Some(handle) })
    }

    /// Asks for chats; what is found is left in the intake.
    pub(super) fn ask(&self, lookups: Vec<Lookup>) {
        if !lookups.is_empty() {
            self.desk.state.lock().asked.extend(lookups);
            self.desk.changed.notify_one();
        }
    }

    /// Ends the thread; what was asked for and not found is dropped.
    pub(super) fn stop(&mut self) {
        self.desk.state.lock().stop = true;
        self.desk.changed.notify_one();
        if let Some(handle) = self.handle.take() {
            // It catches its own panics.
            let _ = handle.join();
        }
    }
}

impl Drop for Lookups {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(intake: &Intake, desk: &Desk) {
    loop {
        let asked = {
            let mut state = desk.state.lock();
            desk.changed.wait_while(&mut state, |state| !state.stop && state.asked.is_empty());
            if state.stop {
                return;
            }
            std::mem::take(&mut state.asked)
        };
        intake.found(asked.into_iter().map(Lookup::run).collect());
    }
}
