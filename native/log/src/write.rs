//! Steps 2 and 3 of a commit: a round goes to the disk and becomes durable; and what follows when
//! it does not.

use crate::error::{Error, Result};
use crate::log::Log;
use crate::ops::{Completion, Outcome};
use crate::options::Durability;
use crate::planted::{Bug, planted};
use crate::round::Round;
use crate::round_writer::RoundWriter;
use crate::shelf::JournalFile;

impl Log {
    /// Step 2: hands the round to the disk.
    ///
    /// # Errors
    /// The write failed: the log is poisoned, and the round must be given to `abandon`.
    pub fn write(&mut self, round: &mut Round) -> Result<()> {
        self.seal(round)?;
        let written = self.round_writer(0).write(round);
        written.map_err(|source| self.poison(&format!("a round cannot be written: {source}")))?;
        if planted(Bug::AckBeforeSync) {
            self.ready.extend(round.answers.iter().cloned());
        }
        Ok(())
    }

    /// Step 3: makes the round durable. (`PageCacheUnsafe`: does nothing.)
    ///
    /// # Errors
    /// The sync failed: the log is poisoned, and the round must be given to `abandon`.
    pub fn sync(&mut self, round: &Round) -> Result<()> {
        self.check_writable()?;
        let synced = self.round_writer(0).sync(round);
        synced.map_err(|source| self.poison(&format!("a round cannot be synced: {source}")))?;
        self.note_synced(round);
        Ok(())
    }

    /// Steps 2 and 3 by another thread, first part: the round gets its header and may be given to
    /// a `RoundWriter`; `note_synced`, or `poison` and `abandon`, follow when it is back.
    ///
    /// # Errors
    /// `FOQ_POISONED`.
    pub fn seal(&mut self, round: &mut Round) -> Result<()> {
        self.check_writable()?;
        assert_eq!(round.number, self.sealed.0 + 1, "rounds are written in order");
        assert!(self.may_seal(round), "rounds of one file are in flight");
        self.sealed = (round.number, round.file_id());
        if self.options.durability == Durability::PageCacheUnsafe {
            self.sync_finished_file(round)?;
        }
        round.seal(self.synced_round);
        Ok(())
    }

    /// Whether the round may be written now: rounds in flight lie in one file, so that whatever a
    /// later file holds proves that the earlier ones are durable.
    #[must_use]
    pub fn may_seal(&self, round: &Round) -> bool {
        let (sealed, file_id) = self.sealed;
        self.options.durability == Durability::PageCacheUnsafe
            || self.synced_round == sealed
            || file_id == round.file_id()
    }

    /// The round is durable, and so are all before it: what is written next may say so.
    pub fn note_synced(&mut self, round: &Round) {
        if self.options.durability == Durability::Fsync {
            self.synced_round = round.number;
        }
    }

    /// Writes rounds without the log, on another thread. Rounds that are in flight together need
    /// writers of different `slot`s, below `IN_FLIGHT_MAX`.
    #[must_use]
    pub fn round_writer(&self, slot: usize) -> RoundWriter {
        RoundWriter::new(self.options.durability, slot)
    }

    /// The unsafe class syncs a file when it moves on to the next: close must leave all durable.
    fn sync_finished_file(&mut self, round: &Round) -> Result<()> {
        let finished = self.unsynced.as_ref().filter(|file| file.file_id != round.file_id());
        if let Some(file) = finished.cloned() {
            self.sync_file(&file)?;
        }
        self.unsynced.clone_from(&round.file);
        Ok(())
    }

    pub(crate) fn sync_file(&mut self, file: &JournalFile) -> Result<()> {
        let synced = file.handle(0).sync();
        synced.map_err(|source| self.poison(&format!("a file cannot be synced: {source}")))
    }

    /// Steps 2 to 4 in one.
    ///
    /// # Errors
    /// As `write` and `sync`; the round is settled as failed.
    pub fn commit(&mut self, mut round: Round) -> Result<()> {
        match self.write(&mut round).and_then(|()| self.sync(&round)) {
            Ok(()) => {
                self.apply(round);
                Ok(())
            }
            Err(error) => {
                self.abandon(round);
                Err(error)
            }
        }
    }

    /// Poisons the log: a thread that works for it met a failed write.
    pub fn poison(&mut self, cause: &str) -> Error {
        let cause = self.poisoned.get_or_insert_with(|| cause.to_string()).clone();
        let error = Error::Poisoned { cause };
        let waiting =
            std::mem::take(&mut self.waiting).into_iter().map(|(_, answer)| answer.ticket);
        let parked = self.parking.drain();
        for ticket in parked.into_iter().chain(self.queue.drain()).chain(waiting) {
            let outcome = Outcome::Failed(Box::new(error.clone()));
            self.ready.push(Completion { ticket, outcome });
        }
        error
    }

    /// Settles a round whose write or sync failed: its operations have an unknown outcome and
    /// are answered with the poison.
    pub fn abandon(&mut self, round: Round) {
        let error = self.refusal();
        for answer in &round.answers {
            let outcome = Outcome::Failed(Box::new(error.clone()));
            self.ready.push(Completion { ticket: answer.ticket, outcome });
        }
    }

    pub(crate) fn check_writable(&self) -> Result<()> {
        if self.poisoned.is_some() || self.options.read_only { Err(self.refusal()) } else { Ok(()) }
    }

    fn refusal(&self) -> Error {
        match &self.poisoned {
            Some(cause) => Error::Poisoned { cause: cause.clone() },
            None => Error::Unavailable {
                what: "the store is open read-only".to_string(),
                path: self.env.disk.name(),
                source: None,
            },
        }
    }
}
