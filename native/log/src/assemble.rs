//! Step 1 of a commit: one round is assembled from what was submitted. `judging` fills it.

use crate::error::Result;
use crate::format::SECTOR_BYTES;
use crate::format::batch::batch_header;
use crate::judging::Stop;
use crate::log::{Assembled, IN_FLIGHT_MAX, Log};
use crate::options::AGE_MIN_MS;
use crate::planted::{Bug, planted};
use crate::recovery::Progress;
use crate::round::Round;
use crate::seal::JournalPart;

/// Largest step of the retention clock while rounds are in flight.
const STEP_IN_FLIGHT_MS: u64 = 1000;
const _: () = assert!(AGE_MIN_MS > (IN_FLIGHT_MAX + 1) * STEP_IN_FLIGHT_MS, "see retention_at");

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
        if !self.has_work() {
            return Ok(Assembled::Nothing);
        }
        let on_the_way = self.assembled.round - self.durable.round;
        assert!(on_the_way <= IN_FLIGHT_MAX, "one round is assembled ahead of those in flight");
        let mut round = self.begin_round();
        let mut stop = self.judge_queued(&mut round);
        while stop == Stop::FileFull {
            if !self.rotate() {
                self.buffers.give_back(round);
                return Ok(Assembled::NeedsSpare);
            }
            round.place(self.file.clone(), self.end, &self.shared.store_id);
            stop = self.judge_queued(&mut round);
        }
        self.lay_out_acks(&mut round, stop);
        if round.effects.is_empty() {
            assert!(round.answers.is_empty(), "an answer that rests on this round needs effects");
            self.buffers.give_back(round);
            return Ok(Assembled::Nothing);
        }
        Ok(Assembled::Round(self.end_round(round)))
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
        if self.file_room() < batch_header::SIZE && !self.rotate() {
            return Ok(Assembled::NeedsSpare);
        }
        let round = self.begin_round();
        Ok(Assembled::Round(self.end_round(round)))
    }

    /// A round at the end of the current file.
    fn begin_round(&mut self) -> Round {
        let now = self.now();
        let store_id = &self.shared.store_id;
        let mut round = self.buffers.begin(self.file.clone(), self.end, store_id);
        round.now = now;
        round.number = self.assembled.round + 1;
        round.position = self.assembled.position + 1;
        round.at = self.assembled.at.max(now.wall_ms);
        round
    }

    /// Bytes left in the current file.
    pub(crate) fn file_room(&self) -> usize {
        let bytes = self.file.as_ref().map_or(0, |file| file.file_bytes);
        usize::try_from(bytes.saturating_sub(self.end)).unwrap_or(usize::MAX)
    }

    /// Moves on to the oldest spare; false when there is none.
    pub(crate) fn rotate(&mut self) -> bool {
        let Some(spare) = self.spares.take() else { return false };
        self.shared.add_file(&spare);
        let assembled = self.assembled.round;
        self.journal.push_back(JournalPart { file: spare.clone(), end: self.durable, assembled });
        self.file = Some(spare);
        self.end = SECTOR_BYTES;
        true
    }

    /// The retention clock as of this round. While others are in flight it makes no large step, so
    /// that no record expires on its way: ages are at least `AGE_MIN_MS`.
    fn retention_at(&mut self, round: &Round) -> u64 {
        let in_flight = self.assembled.round > self.durable.round;
        let step = round.now.wall_ms.saturating_sub(self.assembled.retention_at);
        if in_flight && step > STEP_IN_FLIGHT_MS {
            return self.assembled.retention_at;
        }
        self.clock.observe(round.now)
    }

    /// Ends the round's layout and goes on behind it.
    fn end_round(&mut self, mut round: Round) -> Round {
        round.retention_at = self.retention_at(&round);
        round.end_layout();
        self.end += round.bytes.len() as u64;
        self.assembled = Progress {
            round: round.number,
            position: self.assembled.position + round.effects.len() as u64,
            at: round.at,
            retention_at: round.retention_at,
            marked: round.effects.is_empty(),
        };
        if let Some(part) = self.journal.back_mut() {
            part.assembled = round.number;
        }
        round
    }
}
