//! Step 1 of a commit: one round is assembled from what was submitted. `judging` fills it.

use crate::error::Result;
use crate::format::SECTOR_BYTES;
use crate::format::batch::batch_header;
use crate::judging::Stop;
use crate::log::{Assembled, Log};
use crate::options::Durability;
use crate::planted::{Bug, planted};
use crate::recovery::Progress;
use crate::round::{Round, RoundSeal};

impl Log {
    /// Step 1: judges what was submitted and lays out one round.
    ///
    /// # Errors
    /// `FOQ_POISONED`, or the store is read-only.
    pub fn assemble(&mut self) -> Result<Assembled> {
        self.check_writable()?;
        let now = self.now();
        if self.next_deadline_ms().is_some_and(|deadline| now.monotonic_ms >= deadline) {
            self.pending.wanted = true;
        }
        if self.queue.is_empty() && !self.pending.wanted {
            return Ok(Assembled::Nothing);
        }
        let mut round = self.begin_round();
        let mut stop = self.judge_queued(&mut round);
        while stop == Stop::FileFull {
            if !self.rotate()? {
                self.buffers.give_back(round);
                return Ok(Assembled::NeedsSpare);
            }
            self.place(&mut round);
            stop = self.judge_queued(&mut round);
        }
        self.lay_out_acks(&mut round, stop);
        if round.effects.is_empty() {
            // Whatever was judged rests on nothing that is under way.
            self.ready.append(&mut round.answers);
            self.buffers.give_back(round);
            return Ok(Assembled::Nothing);
        }
        Ok(Assembled::Round(self.seal(round)))
    }

    /// A header-only round when the last durable round is not yet covered by a mark; the driver
    /// asks after `idle_mark_ms` of idleness, and writes, syncs and applies it as any round.
    ///
    /// # Errors
    /// As `assemble`.
    pub fn assemble_mark(&mut self) -> Result<Assembled> {
        if self.durable.marked || self.durable.round == 0 || planted(Bug::NoMarkBeforeIdle) {
            return Ok(Assembled::Nothing);
        }
        self.assemble_tick()
    }

    /// A header-only round that carries the time (retention moves on in an idle store).
    ///
    /// # Errors
    /// As `assemble`.
    pub fn assemble_tick(&mut self) -> Result<Assembled> {
        self.check_writable()?;
        if self.file_room() < batch_header::SIZE && !self.rotate()? {
            return Ok(Assembled::NeedsSpare);
        }
        let mut round = self.begin_round();
        self.place(&mut round);
        Ok(Assembled::Round(self.seal(round)))
    }

    fn begin_round(&mut self) -> Round {
        let now = self.now();
        let mut round = self.buffers.begin();
        round.now = now;
        round.number = self.assembled.round + 1;
        round.position = self.assembled.position + 1;
        round.at = self.assembled.at.max(now.wall_ms);
        self.place(&mut round);
        round
    }

    /// Gives the round its place: the end of the current file.
    fn place(&self, round: &mut Round) {
        round.file_id = self.file.as_ref().map_or(0, |file| file.file_id);
        round.byte_offset = self.end;
    }

    /// Bytes left in the current file.
    pub(crate) fn file_room(&self) -> usize {
        let bytes = self.file.as_ref().map_or(0, |file| file.file_bytes);
        usize::try_from(bytes.saturating_sub(self.end)).unwrap_or(usize::MAX)
    }

    /// Moves on to the oldest spare; false when there is none.
    fn rotate(&mut self) -> Result<bool> {
        if self.spares.is_empty() {
            return Ok(false);
        }
        if self.options.durability == Durability::PageCacheUnsafe {
            // The next file is synced on its own; at close both must be durable.
            self.sync_file()?;
        }
        let Some(spare) = self.spares.take() else { return Ok(false) };
        self.shared.add_file(&spare);
        self.file = Some(spare);
        self.end = SECTOR_BYTES;
        Ok(true)
    }

    fn seal(&mut self, mut round: Round) -> Round {
        round.retention_at = self.clock.observe(round.now);
        let seal = RoundSeal { store_id: &self.shared.store_id, mark: self.mark() };
        round.seal(&seal);
        self.end += round.bytes.len() as u64;
        self.assembled = Progress {
            round: round.number,
            position: self.assembled.position + round.effects.len() as u64,
            at: round.at,
            retention_at: round.retention_at,
            marked: round.effects.is_empty(),
        };
        round
    }
}
