//! The sealer's thread, away from the committer: prepares journal files ahead of need, seals those
//! whose time has come, and merges, expires and checks tables. In this order: the committer waits
//! for files, and a journal that is not sealed grows.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::committer::panic_text;
use super::intake::Intake;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::merge::{Background, BackgroundJob, BackgroundStep, Pace};
use crate::seal::{SealJob, SealStep};
use crate::{Ballast, SpareMaker};

/// A full disk is looked at again this often.
const RETRY: Duration = Duration::from_secs(1);
/// Whether tables are to be merged is looked at this often, and after each seal.
const LOOK_MS: u64 = 10_000;
/// A journal file that lies about is given back this often.
const TRIM_MS: u64 = 5_000;

#[derive(Default)]
struct Bell {
    state: Mutex<BellState>,
    rung: Condvar,
}

#[derive(Default)]
struct BellState {
    wanted: bool,
    /// Somebody waits until nothing is left to do.
    hurry: bool,
    job: Option<SealJob>,
    /// The thread does something, or is about to.
    works: bool,
    stop: bool,
}

/// What the thread has.
pub(super) struct Work {
    pub(super) maker: SpareMaker,
    pub(super) ballast: Ballast,
    pub(super) background: Background,
    /// Shared with backups: together they keep the rate.
    pub(super) pace: Arc<Mutex<Pace>>,
    pub(super) env: Env,
}

/// The handle of the thread; stopping waits for a step that is being made.
pub(super) struct Sealer {
    bell: Arc<Bell>,
    handle: Option<JoinHandle<()>>,
}

impl Sealer {
    /// Starts the thread, unless the store is only read.
    pub(super) fn start(work: Work, intake: &Arc<Intake>, works: bool) -> io::Result<Self> {
        let bell = Arc::new(Bell::default());
        if !works {
            return Ok(Self { bell, handle: None });
        }
        let (intake, heard) = (Arc::clone(intake), Arc::clone(&bell));
        let handle = thread::Builder::new().name("foq-sealer".to_owned()).spawn(move || {
            let mut thread = Thread {
                work,
                intake: &intake,
                bell: &heard,
                job: None,
                look_at: 0,
                trim_at: 0,
                hurry: false,
            };
            let ended = catch_unwind(AssertUnwindSafe(|| thread.run()));
            let failed = match ended {
                Ok(Ok(())) => return,
                Ok(Err(error)) => error,
                Err(panic) => Error::Poisoned { cause: panic_text(&*panic) },
            };
            intake.fail(failed);
        })?;
        Ok(Self { bell, handle: Some(handle) })
    }

    /// A spare is wanted.
    pub(super) fn ring(&self) {
        self.bell.state.lock().wanted = true;
        self.bell.rung.notify_one();
    }

    /// Time and space are not what they were, and somebody waits until nothing is left to do.
    pub(super) fn hurry(&self) {
        self.bell.state.lock().hurry = true;
        self.ring();
    }

    /// Gives it a file to seal; how that ended is left in the intake.
    pub(super) fn seal(&self, job: SealJob) {
        self.bell.state.lock().job = Some(job);
        self.bell.rung.notify_one();
    }

    /// Whether it has something to do. When it has nothing more it nudges the committer.
    pub(super) fn works(&self) -> bool {
        let state = self.bell.state.lock();
        self.handle.is_some() && (state.works || state.wanted || state.job.is_some())
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

struct Thread<'a> {
    work: Work,
    intake: &'a Intake,
    bell: &'a Bell,
    /// Background work that has begun.
    job: Option<BackgroundJob>,
    /// Monotonic ms at which it is looked for again.
    look_at: u64,
    /// Monotonic ms at which a retired file may be given back.
    trim_at: u64,
    /// It is not paced for now.
    hurry: bool,
}

impl Thread<'_> {
    /// Until it is told to stop; fails as any failed write or sync does.
    fn run(&mut self) -> Result<()> {
        loop {
            let stop = {
                let mut state = self.bell.state.lock();
                state.works = true;
                state.wanted = false;
                self.hurry |= std::mem::take(&mut state.hurry);
                state.stop
            };
            if stop {
                return Ok(());
            }
            let mut pause = None;
            if self.work.maker.wants() {
                match self.work.maker.prepare_with_care() {
                    Ok(()) => {
                        self.intake.spare_prepared(None);
                        continue;
                    }
                    Err(Error::DiskFull { .. }) if self.work.ballast.release() => continue,
                    Err(full @ Error::DiskFull { .. }) => {
                        self.intake.spare_prepared(Some(full));
                        pause = Some(RETRY);
                    }
                    Err(error) => return Err(error),
                }
            }
            self.give_back()?;
            if self.seal_some()? {
                continue;
            }
            self.work.ballast.keep()?;
            match self.merge_some()? {
                Some(Duration::ZERO) => continue,
                wait => pause = pause.into_iter().chain(wait).min(),
            }
            self.wait(pause);
        }
    }

    /// Retired files that are too many at once, and in quiet times one now and then.
    fn give_back(&mut self) -> Result<()> {
        let now = self.work.env.clock.monotonic_ms();
        self.work.maker.remove_some()?;
        if now >= self.trim_at {
            self.trim_at = now.saturating_add(TRIM_MS);
            self.work.maker.trim()?;
        }
        Ok(())
    }

    /// A step of a seal; false where there is none to make.
    fn seal_some(&mut self) -> Result<bool> {
        let Some(job) = self.bell.state.lock().job.take() else { return Ok(false) };
        match job.step() {
            Ok(SealStep::More(job)) => self.bell.state.lock().job = Some(job),
            Ok(SealStep::Done(sealed)) => {
                self.look_at = 0;
                self.intake.sealed(Ok(sealed));
            }
            Err(error @ (Error::DiskFull { .. } | Error::Corrupt { .. })) => {
                // There is room for the next attempt.
                if let Error::DiskFull { .. } = error {
                    self.work.ballast.release();
                }
                self.intake.sealed(Err(error));
            }
            Err(error) => return Err(error),
        }
        Ok(true)
    }

    /// A step of background work; how long to wait before the next, none where nothing is due.
    fn merge_some(&mut self) -> Result<Option<Duration>> {
        let clock = &self.work.env.clock;
        let (now, wall_ms) = (clock.monotonic_ms(), clock.wall_ms());
        let background = &mut self.work.background;
        if self.job.is_none() {
            if now < self.look_at && !self.hurry {
                return Ok(Some(Duration::from_millis(self.look_at - now)));
            }
            self.work.pace.lock().owe(background.debt_bytes(wall_ms));
            self.job = background.next(wall_ms);
        }
        let wait_ms = self.work.pace.lock().wait_ms(now);
        if wait_ms > 0 && self.job.is_some() && !self.hurry {
            return Ok(Some(Duration::from_millis(wait_ms)));
        }
        let Some(job) = self.job.take() else {
            self.look_at = now.saturating_add(LOOK_MS);
            self.hurry = false;
            return Ok(Some(Duration::from_millis(LOOK_MS)));
        };
        let before = job.bytes();
        match job.step()? {
            BackgroundStep::More(job) => {
                self.work.pace.lock().spend(job.bytes().saturating_sub(before));
                self.job = Some(job);
            }
            BackgroundStep::Done(finished) => {
                if let Some(error) = finished.error() {
                    self.intake.gave_up(error.clone());
                }
                background.finish(finished, wall_ms);
            }
        }
        Ok(Some(Duration::ZERO))
    }

    /// Waits to be rung, or told to stop, or so long.
    fn wait(&self, pause: Option<Duration>) {
        let mut state = self.bell.state.lock();
        let is_idle = |state: &BellState| !state.stop && !state.wanted && state.job.is_none();
        if !is_idle(&state) {
            return;
        }
        state.works = self.job.is_some();
        drop(state);
        self.intake.nudge_if_looked_at();
        let mut state = self.bell.state.lock();
        let waits = |state: &mut BellState| is_idle(state);
        match pause {
            Some(pause) => {
                let _ = self.bell.rung.wait_while_for(&mut state, waits, pause);
            }
            None => self.bell.rung.wait_while(&mut state, waits),
        }
    }
}
