//! What other threads do for a log: sealing, merging, and looking chats up. Each goes forward one step at a
//! time, whenever the driver likes.

use foq_log::env::Clock;
use foq_log::{BackgroundStep, Error, SealStep, Unsealed};

use super::{Look, Session};

/// What was done, besides commits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// Files that were sealed.
    pub seals: u64,
    /// Chats that were looked up for an operation.
    pub lookups: u64,
    /// Those of them of which replay had left effects.
    pub partial_lookups: u64,
    /// Backups that came to an end, and were restored.
    pub backups: u64,
}

impl Work {
    /// Adds what another did.
    pub fn add(&mut self, other: Self) {
        self.seals += other.seals;
        self.lookups += other.lookups;
        self.partial_lookups += other.partial_lookups;
        self.backups += other.backups;
    }
}

/// Chats that a step of a seal copies: few, so that commits come in between.
const SEAL_CHATS: usize = 2;
/// Rows of a step of a merge.
const MERGE_ROWS: usize = 3;
/// Far more steps than all tables of a life need.
const MERGE_STEPS_MAX: u32 = 100_000;

impl Session {
    /// Goes on with a seal, or begins one where there is a file for it; says whether it did.
    pub fn seal_step(&mut self) -> Result<bool, String> {
        if self.failure.is_some() {
            return Ok(false);
        }
        if self.log().release_some() {
            return Ok(true);
        }
        let job = match self.seal.take() {
            Some(job) => Some(job),
            None => self.log().seal_oldest().map(|job| job.in_small_steps(SEAL_CHATS)),
        };
        let Some(job) = job else { return Ok(false) };
        match job.step() {
            Ok(SealStep::More(job)) => self.seal = Some(job),
            Ok(SealStep::Done(sealed)) => {
                self.tell(|| "sealed a file".to_owned());
                self.work.seals += 1;
                self.log().finish_seal(sealed);
            }
            Err(Error::DiskFull { .. } | Error::Corrupt { .. })
                if self.squeezed || self.met_a_fault() =>
            {
                self.log().give_up_seal();
                self.release_ballast();
                return Ok(false);
            }
            Err(error) => {
                let error = self.log().poison(&error.to_string());
                self.fail(error)?;
            }
        }
        Ok(true)
    }

    /// Begins a seal and lets it copy every chat; the tables are not written yet.
    pub fn begin_seal(&mut self) -> Result<(), String> {
        if self.failure.is_none() && self.wants_spare() {
            self.prepare_spare()?;
        }
        // One step gathers, and one copies as many chats as a short workload has.
        self.seal_step()?;
        self.seal_step().map(|_| ())
    }

    /// Seals whatever can be sealed. Where nothing was on its way that is all there is, and no chat
    /// stays in RAM.
    pub fn seal_all(&mut self, look: &mut Look<'_>) -> Result<(), String> {
        let (seals, quiet) = (self.work.seals, !self.in_flight() && self.seal.is_none());
        loop {
            // The file that is written is sealed once another takes its place.
            if self.failure.is_none() && self.wants_spare() {
                self.prepare_spare()?;
            }
            let worked = self.seal_step()?;
            look(self)?;
            if !worked {
                break;
            }
        }
        let disturbed = self.squeezed || self.met_a_fault() || self.failure.is_some();
        if self.work.seals == seals || disturbed || !quiet {
            return Ok(());
        }
        let wanted = Unsealed { chats: 0, partial_chats: 0, journal_files: 1 };
        match self.log().unsealed() {
            unsealed if unsealed == wanted => Ok(()),
            unsealed => Err(format!("I20: all is sealed, and yet there is {unsealed:?}")),
        }
    }

    /// Goes on with background work, or begins some where any is due; says whether it did.
    pub fn merge_step(&mut self) -> Result<bool, String> {
        if self.failure.is_some() {
            return Ok(false);
        }
        let now_ms = self.world.clock.wall_ms();
        if self.job.is_none() && !self.keep_ballast()? {
            return Ok(true);
        }
        if self.background.is_none() {
            self.background = Some(self.log().background().in_small_steps(MERGE_ROWS));
        }
        let Some(background) = &mut self.background else { return Ok(false) };
        let Some(job) = self.job.take().or_else(|| background.next(now_ms)) else {
            return Ok(false);
        };
        match job.step() {
            Ok(BackgroundStep::More(job)) => self.job = Some(job),
            Ok(BackgroundStep::Done(finished)) => {
                let error = finished.error().cloned();
                background.finish(finished, now_ms);
                self.tell(|| format!("background work ended: {error:?}"));
                if let Some(error) = error
                    && !self.squeezed
                    && !self.met_a_fault()
                {
                    return Err(format!("background work fails without a fault: {error}"));
                }
            }
            Err(error) => {
                let error = self.log().poison(&error.to_string());
                self.fail(error)?;
            }
        }
        Ok(true)
    }

    /// Merges, expires and rewrites until nothing is due.
    pub fn merge_all(&mut self) -> Result<(), String> {
        for _ in 0..MERGE_STEPS_MAX {
            if !self.merge_step()? {
                return Ok(());
            }
        }
        Err("background work does not come to an end".to_owned())
    }

    /// Goes on with lookups that operations wait for: makes one, or hands in what one found, with
    /// whatever came in between. Says whether there was anything to do.
    pub fn look_up_one(&mut self) -> Result<bool, String> {
        if self.failure.is_some() {
            return Ok(false);
        }
        let more = self.log().take_lookups();
        self.lookups.extend(more);
        let (asked, found) = (self.lookups.len() as u64, self.found.len() as u64);
        if asked + found == 0 {
            return Ok(false);
        }
        let chosen = self.dice.below(asked + found);
        if chosen < asked {
            let lookup = self.lookups.swap_remove(usize::try_from(chosen).unwrap_or_default());
            self.work.lookups += 1;
            self.work.partial_lookups += u64::from(lookup.is_partial());
            self.found.push(lookup.run());
            return Ok(true);
        }
        let found = self.found.swap_remove(usize::try_from(chosen - asked).unwrap_or_default());
        self.log().install(found);
        self.take_completions()?;
        Ok(true)
    }
}
