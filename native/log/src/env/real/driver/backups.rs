//! Backups of a running store, each on the thread of whoever asked for it.
//!
//! Invariants: what they read and write is paced together with background work; none outlives the
//! store, which waits for at most a step of them when it closes.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use crate::backup::{BackedUp, BackupStep};
use crate::env::{Disk, Env};
use crate::error::{Error, Result};
use crate::merge::Pace;
use crate::reader::Reader;

/// Who gives a backup up, or closes the store, waits no longer than this and a step.
const LOOK_MS: u64 = 20;

#[derive(Default)]
struct State {
    ended: bool,
    running: usize,
}

/// See the module.
pub(super) struct Backups {
    env: Env,
    pace: Arc<Mutex<Pace>>,
    state: Mutex<State>,
    changed: Condvar,
}

impl Backups {
    pub(super) fn new(env: &Env, pace: &Arc<Mutex<Pace>>) -> Self {
        let (env, pace) = (env.clone(), Arc::clone(pace));
        Self { env, pace, state: Mutex::default(), changed: Condvar::new() }
    }

    /// Makes one; see `RunningStore::backup`.
    pub(super) fn run(
        &self,
        reader: &Reader,
        target: &Arc<dyn Disk>,
        give_up: &AtomicBool,
    ) -> Result<BackedUp> {
        let _running = Running::begin(self)?;
        let mut job = reader.begin_backup(target)?;
        loop {
            let before = job.bytes();
            match job.step()? {
                BackupStep::More(more) => job = more,
                BackupStep::Done(backed_up) => return Ok(backed_up),
            }
            self.pace.lock().spend(job.bytes().saturating_sub(before));
            self.wait(give_up)?;
        }
    }

    /// Until the pace allows another step. A clock that stands still is a simulated one, and not
    /// waited for.
    fn wait(&self, give_up: &AtomicBool) -> Result<()> {
        let mut waits = true;
        while waits {
            if self.state.lock().ended || give_up.load(Ordering::Relaxed) {
                return Err(Error::Closed);
            }
            let began_ms = self.env.clock.monotonic_ms();
            let wait_ms = self.wait_ms(began_ms);
            if wait_ms > 0 {
                thread::sleep(Duration::from_millis(wait_ms.min(LOOK_MS)));
            }
            waits = wait_ms > 0 && self.env.clock.monotonic_ms() > began_ms;
        }
        Ok(())
    }

    /// Somebody waits for a backup, so it may have all that the operator allows.
    fn wait_ms(&self, now_ms: u64) -> u64 {
        let mut pace = self.pace.lock();
        pace.owe(u64::MAX);
        pace.wait_ms(now_ms)
    }

    /// None begins any more, and those that run end; waits for them where it may.
    pub(super) fn end(&self, wait: bool) {
        let mut state = self.state.lock();
        state.ended = true;
        if wait {
            self.changed.wait_while(&mut state, |state| state.running > 0);
        }
    }
}

/// Counts a backup as long as it runs, however it ends.
struct Running<'a> {
    backups: &'a Backups,
}

impl<'a> Running<'a> {
    fn begin(backups: &'a Backups) -> Result<Self> {
        let mut state = backups.state.lock();
        if state.ended {
            return Err(Error::Closed);
        }
        state.running += 1;
        Ok(Self { backups })
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.backups.state.lock().running -= 1;
        self.backups.changed.notify_all();
    }
}
