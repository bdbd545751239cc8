//! The sealer's thread: prepares journal files ahead of need, away from the committer.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::committer::panic_text;
use super::intake::Intake;
use crate::SpareMaker;
use crate::error::Error;

/// A full disk is looked at again this often.
const RETRY: Duration = Duration::from_secs(1);

#[derive(Default)]
struct Bell {
    state: Mutex<BellState>,
    rung: Condvar,
}

#[derive(Default)]
struct BellState {
    wanted: bool,
    stop: bool,
}

/// The handle of the thread; stopping waits for a file that is being prepared.
pub(super) struct Sealer {
    bell: Arc<Bell>,
    handle: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Starts the thread, unless the store is only read.
    pub(super) fn start(maker: SpareMaker, intake: &Arc<Intake>, works: bool) -> io::Result<Self> {
        let bell = Arc::new(Bell::default());
        if !works {
            return Ok(Self { bell, handle: None });
        }
        let (intake, heard) = (Arc::clone(intake), Arc::clone(&bell));
        let handle = thread::Builder::new().name("foq-sealer".to_owned()).spawn(move || {
            let ended = catch_unwind(AssertUnwindSafe(|| run(&maker, &intake, &heard)));
            if let Err(panic) = ended {
                intake.fail(Error::Poisoned { cause: panic_text(&*panic) });
            }
        })?;
        Ok(Self { bell, handle: Some(handle) })
    }

    /// A spare is wanted.
    pub(super) fn ring(&self) {
        self.bell.state.lock().wanted = true;
        self.bell.rung.notify_one();
    }

    /// Ends the thread: no file of the store is touched by it afterwards.
    pub(super) fn stop(&mut self) {
        self.bell.state.lock().stop = true;
        self.bell.rung.notify_one();
        if let Some(handle) = self.handle.take() {
            // It catches its own panics.
            let _ = handle.join();
        }
    }
}

impl Drop for Sealer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn run(maker: &SpareMaker, intake: &Intake, bell: &Bell) {
    while !bell.state.lock().stop {
        let mut retry = None;
        if maker.wants() {
            match maker.prepare() {
                Ok(()) => {
                    intake.spare_prepared(None);
                    continue;
                }
                Err(full @ Error::DiskFull { .. }) => {
                    intake.spare_prepared(Some(full));
                    retry = Some(RETRY);
                }
                // A failed write or sync, as any other.
                Err(error) => return intake.fail(error),
            }
        }
        wait(bell, retry);
    }
}

/// Waits to be rung, or told to stop; a failed attempt is not repeated before its time.
fn wait(bell: &Bell, retry: Option<Duration>) {
    let mut state = bell.state.lock();
    match retry {
        Some(retry) if !state.stop => {
            let _ = bell.rung.wait_while_for(&mut state, |state| !state.stop, retry);
        }
        _ => bell.rung.wait_while(&mut state, |state| !state.stop && !state.wanted),
    }
    state.wanted = false;
}
