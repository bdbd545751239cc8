//! Backups of a session's store, made in steps while everything else goes on; each is restored
//! when it is done.

use std::rc::Rc;
use std::sync::Arc;

use foq_log::env::Disk;
use foq_log::{BackedUp, BackupStep, Error};

use super::Session;
use crate::backup::Taken;

/// When none is made, one is begun in so many times.
const SELDOM: u64 = 6;
/// Steps made at a time.
const STEPS_MAX: u64 = 4;
/// Far more steps than a backup of so little has.
const ALL_STEPS_MAX: u32 = 10_000;

impl Session {
    /// Goes on with a backup, or begins one now and then.
    pub fn backup_some(&mut self) -> Result<(), String> {
        if self.backup.is_none() {
            return if self.dice.one_in(SELDOM) { self.begin_backup() } else { Ok(()) };
        }
        for _ in 0..1 + self.dice.below(STEPS_MAX) {
            self.backup_step()?;
        }
        Ok(())
    }

    /// Brings a backup that is under way to its end.
    pub fn finish_backup(&mut self) -> Result<(), String> {
        for _ in 0..ALL_STEPS_MAX {
            if !self.backup_step()? {
                return Ok(());
            }
        }
        Err("a backup does not come to an end".to_owned())
    }

    /// Begins a backup in a directory of its own.
    pub fn begin_backup(&mut self) -> Result<(), String> {
        if self.failure.is_some() || self.backup.is_some() {
            return Ok(());
        }
        // An earlier life may have left directories of its own.
        let directory = format!("backup-{:016x}", self.dice.throw());
        let (model, round) = (Rc::new(self.model.clone()), self.log().rounds().0);
        let target: Arc<dyn Disk> = Arc::new(self.world.disk.directory(&directory));
        match self.log().reader().begin_backup(&target) {
            Ok(job) if job.round() == round => {
                self.tell(|| format!("a backup begins at round {round}"));
                self.backup = Some(job);
                self.world.backup = Some(Taken { directory, model, round, done_at: None });
                Ok(())
            }
            Ok(job) => Err(format!("I54: a backup of round {}, applied is {round}", job.round())),
            Err(error) => self.backup_failed(&error),
        }
    }

    /// Makes a step of a backup that is under way; says whether there was one.
    pub fn backup_step(&mut self) -> Result<bool, String> {
        let Some(job) = self.backup.take() else { return Ok(false) };
        match job.step() {
            Ok(BackupStep::More(job)) => self.backup = Some(job),
            Ok(BackupStep::Done(done)) => self.backed_up(done)?,
            Err(error) => self.backup_failed(&error)?,
        }
        Ok(true)
    }

    fn backed_up(&mut self, done: BackedUp) -> Result<(), String> {
        self.tell(|| format!("a backup is done: {done:?}"));
        self.work.backups += 1;
        let calls = self.world.disk.calls();
        let taken = self.world.backup.as_mut().ok_or("a backup ends that was not begun")?;
        taken.done_at = Some(calls);
        let taken = taken.clone();
        taken.check(&self.world.disk.kill_image(), &self.world, true)
    }

    /// What is wrong with a backup is no failure of the store.
    fn backup_failed(&mut self, error: &Error) -> Result<(), String> {
        self.tell(|| format!("a backup failed: {error}"));
        let explained = self.squeezed || self.met_a_fault();
        let named = matches!(error, Error::Unavailable { .. } | Error::DiskFull { .. });
        if explained && named {
            return Ok(());
        }
        Err(format!("a backup fails without a fault: {} {error}", error.code()))
    }
}
