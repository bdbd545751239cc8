//! Whole stretches of a session's life: a commit, coming to rest, closing, opening again.

use foq_log::env::Clock;
use foq_log::{Error, Log};

use super::Session;
use crate::model::Model;
use crate::world::World;

/// Steps after which a log that has nothing new to do must have come to rest.
const DRAIN_STEPS_MAX: u32 = 10_000;
/// The longest pause between a close and the next opening.
const PAUSE_MS_MAX: u64 = 10_000;

/// Called after each step, while the model stands where it stood when the disk was written: the
/// place to look at crashes.
pub type Look<'a> = dyn FnMut(&Session) -> Result<(), String> + 'a;

impl Session {
    /// Carries one round, if there is one to make, through all its steps.
    pub fn commit(&mut self, look: &mut Look<'_>) -> Result<(), String> {
        for _ in 0..DRAIN_STEPS_MAX {
            let worked = self.step()?;
            look(self)?;
            if !worked || !self.in_flight() {
                return Ok(());
            }
        }
        Err("a round does not end".to_owned())
    }

    /// Lets time pass until the log must make pending acks durable, if it must.
    pub fn pass_deadline(&mut self) {
        let now = self.world.clock.monotonic_ms();
        if let Some(due) = self.log.as_ref().and_then(Log::next_deadline_ms) {
            self.world.clock.advance(due.saturating_sub(now));
        }
    }

    /// Makes steps until nothing is left to do; time passes where an ack waits for it, and a full
    /// disk is freed.
    pub fn drain(&mut self, look: &mut Look<'_>) -> Result<(), String> {
        self.relax()?;
        for _ in 0..DRAIN_STEPS_MAX {
            let worked = self.step()?;
            look(self)?;
            if worked {
                continue;
            }
            let waits = self.log.as_ref().and_then(Log::next_deadline_ms).is_some();
            if self.failure.is_some() || !waits {
                return Ok(());
            }
            self.pass_deadline();
        }
        Err("the log does not come to rest".to_owned())
    }

    /// Settles everything and closes. The model stays; the disk keeps what was written.
    pub fn close(mut self) -> Result<(World, Model), String> {
        self.close_log(&mut |_| Ok(()))?;
        Ok((self.world, self.model))
    }

    fn close_log(&mut self, look: &mut Look<'_>) -> Result<(), String> {
        self.drain(look)?;
        if self.failure.is_none() {
            let unsettled = self.model.unsettled();
            if unsettled > 0 {
                return Err(format!("{unsettled} operations have no answer, and nothing is due"));
            }
            let clock = &self.world.clock;
            self.model.closing(clock.wall_ms(), clock.monotonic_ms());
        }
        // Whatever else works for the log ends before it.
        (self.seal, self.lookups, self.found) = (None, Vec::new(), Vec::new());
        (self.job, self.background) = (None, None);
        (self.backup, self.ballast) = (None, None);
        match self.log.take().map(Log::close) {
            Some(Err(error)) if self.failure.is_none() => {
                if !self.met_a_fault() {
                    return Err(format!("close failed without a fault: {error}"));
                }
                self.failure = Some(error);
            }
            _ => {}
        }
        look(self)?;
        if self.failure.is_none() {
            self.model.closed();
        }
        Ok(())
    }

    /// Closes cleanly, opens again, and finds everything.
    pub fn reopen(&mut self, look: &mut Look<'_>) -> Result<(), String> {
        self.close_log(look)?;
        if self.failure.is_some() {
            return Ok(());
        }
        self.world.clock.advance(self.dice.below(PAUSE_MS_MAX));
        match Log::open(&self.world.env(), &self.world.options) {
            Ok(mut log) => {
                let round = log.rounds().0;
                self.tell(|| format!("opened again at round {round}"));
                let reader = log.reader();
                self.read_through_faults(|model| model.check_recovered_at(&reader, round))?;
                self.model.resume(round);
                log.trace_judged(true);
                self.log = Some(log);
                Ok(())
            }
            Err(error) => self.fail_to_open(error),
        }
    }

    fn fail_to_open(&mut self, error: Error) -> Result<(), String> {
        if !self.met_a_fault() {
            return Err(format!("a closed store does not open: {} {error}", error.code()));
        }
        self.failure = Some(error);
        Ok(())
    }

    /// After a failure, the error is one that `named` accepts, and nothing more is taken.
    pub fn check_failure(
        &mut self,
        named: impl FnOnce(&Error, &World) -> Result<(), String>,
    ) -> Result<(), String> {
        let Some(failure) = &self.failure else { return Ok(()) };
        named(failure, &self.world)?;
        let Some(log) = &mut self.log else { return Ok(()) };
        let append = foq_log::Append::new("after", b"the failure");
        match log.submit(0, &foq_log::Operation::Append(append)) {
            Err(Error::Poisoned { .. }) => Ok(()),
            other => Err(format!("a poisoned log answers {other:?} to an append")),
        }
    }
}
