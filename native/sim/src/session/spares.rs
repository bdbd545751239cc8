//! Spares of a session, and the space for them. Spares are often made from files that have lived before, so that stale
//! bytes with once valid checksums lie where the log will write next.

use foq_log::Error;
use foq_log::env::{Disk, Space};

use super::Session;
use crate::world::World;

/// A disk so small that a few journal files are a good part of it.
const SMALL_DISK_BYTES: u64 = 1 << 20;
/// Dirty files are numbered from here, out of the way of the log's own.
const DIRTY_NUMBERS_START: u64 = 900_000;

impl Session {
    /// Whether the log wants a spare.
    #[must_use]
    pub fn wants_spare(&self) -> bool {
        self.failure.is_none() && self.log.as_ref().is_some_and(foq_log::Log::wants_spare)
    }

    /// Prepares a spare; answers whether there is one more. Where a planned fault or a full disk
    /// forbids it, the log is told about the space.
    pub fn prepare_spare(&mut self) -> Result<bool, String> {
        if self.dirty_spares && self.dice.one_in(2) {
            self.leave_a_dirty_file();
        }
        match self.log().prepare_spare() {
            Ok(()) => Ok(true),
            Err(error) if self.is_full(&error) && self.release_ballast() => self.prepare_spare(),
            Err(error) if self.met_a_fault() || self.is_full(&error) => {
                if let Ok(space) = self.world.disk.space() {
                    self.log().set_space(space);
                }
                Ok(false)
            }
            Err(error) => Err(format!("no spare, though nothing was wrong: {error}")),
        }
    }

    /// Makes the ballast where the disk has room for it; false where that has failed.
    pub(super) fn keep_ballast(&mut self) -> Result<bool, String> {
        let mut ballast = self.ballast.take().unwrap_or_else(|| self.log().ballast());
        let kept = ballast.keep();
        self.ballast = Some(ballast);
        let Err(failure) = kept else { return Ok(true) };
        let error = self.log().poison(&failure.to_string());
        self.fail(error)?;
        Ok(false)
    }

    /// Gives the disk what the ballast has; false where there is none.
    pub fn release_ballast(&mut self) -> bool {
        let mut ballast = self.ballast.take().unwrap_or_else(|| self.log().ballast());
        let released = ballast.release();
        self.ballast = Some(ballast);
        released
    }

    fn is_full(&self, error: &Error) -> bool {
        self.squeezed && matches!(error, Error::DiskFull { .. })
    }

    /// Leaves the disk so many free bytes, and tells the log.
    pub fn squeeze(&mut self, free_bytes: u64) {
        self.set_space(Space { free_bytes, total_bytes: SMALL_DISK_BYTES });
        self.squeezed = true;
    }

    /// Frees the disk, and tells the log; with the spare that it then makes, service resumes.
    pub fn relax(&mut self) -> Result<(), String> {
        if !self.squeezed {
            return Ok(());
        }
        self.set_space(World::ROOMY);
        self.squeezed = false;
        // A spare that fails, fails by a planned fault; the log asks again.
        while self.wants_spare() && self.prepare_spare()? {}
        Ok(())
    }

    fn set_space(&mut self, space: Space) {
        self.world.disk.set_space(space);
        if let Some(log) = &mut self.log {
            log.set_space(space);
        }
    }

    /// Puts a free file for the next spare: a copy of a journal file, or bytes at random.
    pub fn leave_a_dirty_file(&mut self) {
        let files = self.world.disk.files();
        let journal: Vec<_> = files.iter().filter(|(path, _)| path.ends_with(".jnl")).collect();
        let chosen = self.dice.below(journal.len() as u64);
        let Some((_, bytes)) = usize::try_from(chosen).ok().and_then(|at| journal.get(at)) else {
            return;
        };
        let mut bytes = bytes.clone();
        if self.dice.one_in(4) {
            bytes.fill_with(|| self.dice.throw().to_le_bytes()[0]);
        }
        self.dirty_count += 1;
        let number = DIRTY_NUMBERS_START + self.dirty_count;
        self.world.disk.put_file(&format!("journal/{number}.free"), &bytes);
    }
}
