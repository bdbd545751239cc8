//! Steps 1 and 4 of a commit: assembling a round, and applying it when it is durable.

use crate::error::Result;
use crate::format::SECTOR_BYTES;
use crate::format::batch::batch_header;
use crate::format::effect::{self, Effect};
use crate::judge::{Judge, JudgeContext, Room, never_seen};
use crate::log::{Assembled, Log};
use crate::ops::{Completion, Outcome};
use crate::options::{Durability, Retention};
use crate::pack::Ask;
use crate::planted::{Bug, planted};
use crate::recovery::Progress;
use crate::round::{Round, RoundSeal};
use crate::state::chat::ApplyContext;
use crate::state::pointer::Pointer;

/// Chats that are looked at together, so that their cache misses overlap.
const TOUCHED_AHEAD: usize = 32;

/// Why judging stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stop {
    /// Nothing is queued.
    Empty,
    /// The next operation does not fit in this round.
    Full,
    /// It does not fit in the file, and nothing is laid out yet.
    FileFull,
}

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
    fn file_room(&self) -> usize {
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

    /// What every operation of this round is judged by.
    fn context<'a>(&self, retention: &'a Retention) -> JudgeContext<'a> {
        let (refusal, space) = self.room;
        let refusal = if self.spares.no_space() { refusal.max(Room::NoAppends) } else { refusal };
        JudgeContext {
            retention,
            dedup_depth: usize::from(self.options.dedup_depth),
            retention_now: self.assembled.retention_at,
            room: refusal,
            free_bytes: space.free_bytes,
            needed_bytes: self.reserve_bytes(space).saturating_mul(2),
        }
    }

    /// Judges in order until the queue is empty or the round is full.
    fn judge_queued(&mut self, round: &mut Round) -> Stop {
        let shared = std::sync::Arc::clone(&self.shared);
        let room = self.file_room();
        let limit = room.min(self.options.round_bytes_max as usize);
        let context = self.context(&shared.options.retention);
        let mut states = shared.states.read();
        let mut touched = 0_usize;
        loop {
            if touched == 0 {
                touched = self.queue.ahead(TOUCHED_AHEAD, |key| {
                    states.find(key).into_iter().for_each(|chat| states.touch(chat));
                });
            }
            touched = touched.saturating_sub(1);
            let bytes_after = |bound: usize| round.bytes.len() + self.pending.bytes + bound;
            let Some((operation, bytes, ticket)) = self.queue.peek() else {
                return if bytes_after(0) > room { Stop::FileFull } else { Stop::Empty };
            };
            let needed = bytes_after(operation.bound as usize);
            let alone = round.effects.is_empty();
            let acks_alone = self.pending.bytes == 0;
            if needed > limit && !(alone && acks_alone && needed <= room) {
                let least = if acks_alone { needed } else { bytes_after(0) };
                let fits_nowhere = alone && least > room;
                return if fits_nowhere { Stop::FileFull } else { Stop::Full };
            }
            let mut found = states.find(operation.key);
            if found.is_none() && never_seen(&operation.ask).is_none() {
                drop(states);
                let chat_id = chat_id_of(&operation.ask, bytes);
                found = Some(shared.states.write().find_or_insert(operation.key, chat_id));
                states = shared.states.read();
            }
            let (outcome, rests) = match found {
                None => (never_seen(&operation.ask).unwrap_or(Outcome::Done), false),
                Some(chat) => {
                    let mut judge = Judge {
                        context: &context,
                        chat,
                        state: states.chat(chat),
                        overlays: &mut self.overlays,
                        round: &mut *round,
                        pending: &mut self.pending,
                    };
                    let outcome = judge.judge(&operation.ask, bytes);
                    let rests = judge.rests_on_overlay();
                    self.overlays.release_settled(chat);
                    (outcome, rests)
                }
            };
            let waits = waits(&operation.ask, &outcome, rests);
            let durable_ack = matches!(&operation.ask, Ask::Ack(terms) if terms.durable);
            self.queue.advance();
            if let Some(judged) = &mut self.judged {
                judged.push(ticket);
            }
            let completion = Completion { ticket, outcome };
            if waits {
                self.pending.wanted |= durable_ack || round.effects.is_empty();
                round.answers.push(completion);
            } else {
                self.ready.push(completion);
            }
        }
    }

    /// Lays out judged acks: with any other effect, or when somebody wants them.
    fn lay_out_acks(&mut self, round: &mut Round, stop: Stop) {
        let due = !round.effects.is_empty() || self.pending.wanted || stop == Stop::Full;
        if !due {
            if self.pending.since_ms.is_none() && !self.pending.chats.is_empty() {
                self.pending.since_ms = Some(round.now.monotonic_ms);
            }
            if planted(Bug::DropOnUndurableAck) {
                self.leak_undurable_acks();
            }
            return;
        }
        let shared = std::sync::Arc::clone(&self.shared);
        let states = shared.states.read();
        let context = JudgeContext {
            retention: &shared.options.retention,
            dedup_depth: usize::from(self.options.dedup_depth),
            retention_now: self.assembled.retention_at,
            room: Room::Enough,
            free_bytes: 0,
            needed_bytes: 0,
        };
        for chat in std::mem::take(&mut self.pending.chats) {
            if self.overlays.get(chat).is_none_or(|overlay| overlay.acks().is_empty()) {
                continue;
            }
            let mut judge = Judge {
                context: &context,
                chat,
                state: states.chat(chat),
                overlays: &mut self.overlays,
                round: &mut *round,
                pending: &mut self.pending,
            };
            judge.flush_acks();
        }
        self.pending.bytes = 0;
        self.pending.wanted = false;
        self.pending.since_ms = None;
    }

    /// The planted bug: acks count for retention before they are durable.
    fn leak_undurable_acks(&mut self) {
        let mut states = self.shared.states.write();
        for &chat in &self.pending.chats {
            let acks = self.overlays.get(chat).map(|overlay| overlay.acks());
            for raise in acks.unwrap_or_default() {
                states.raise_for_planted_bug(chat, *raise);
            }
        }
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

    /// Step 4: the round is durable. Chat states change, answers become available.
    pub fn apply(&mut self, mut round: Round) {
        let shared = std::sync::Arc::clone(&self.shared);
        let mut states = shared.states.write();
        let mut context = ApplyContext {
            hashes: shared.hashes,
            retention: &shared.options.retention,
            dedup_depth: usize::from(self.options.dedup_depth),
            retention_now: states.retention_now,
            at: round.at,
            position: round.position,
            pointer: Pointer::new(round.file_id, round.byte_offset, 0),
        };
        for (nth, placed) in round.effects.iter().enumerate() {
            if nth.is_multiple_of(TOUCHED_AHEAD) {
                let ahead = round.effects.iter().skip(nth).take(TOUCHED_AHEAD);
                ahead.for_each(|ahead| states.touch(ahead.chat));
            }
            let bytes = round.bytes.get(placed.start as usize..).unwrap_or_default();
            let (Some((_, length)), Some(effect)) = (effect::lengths(bytes), Effect::decode(bytes))
            else {
                unreachable!("an assembled effect decodes");
            };
            let byte_offset = round.byte_offset + u64::from(placed.start);
            context.pointer = Pointer::new(round.file_id, byte_offset, length as u64);
            states.apply(placed.chat, &effect, &context);
            context.position += 1;
            self.overlays.applied(placed.chat);
        }
        states.retention_now = round.retention_at;
        states.last_at = round.at;
        drop(states);
        self.durable = Progress {
            round: round.number,
            position: context.position - 1,
            at: round.at,
            retention_at: round.retention_at,
            marked: round.effects.is_empty(),
        };
        if planted(Bug::AckBeforeSync) {
            round.answers.clear();
        }
        self.ready.append(&mut round.answers);
        self.buffers.give_back(round);
    }
}

/// Whether the answer waits for the disk.
fn waits(ask: &Ask, outcome: &Outcome, rests_on_overlay: bool) -> bool {
    match (ask, outcome) {
        (Ask::Ack(terms), Outcome::Acked) => terms.durable && rests_on_overlay,
        (_, Outcome::Appended { duplicate: true, .. })
            if planted(Bug::DuplicateAnsweredBeforeDurable) =>
        {
            false
        }
        _ => rests_on_overlay,
    }
}

/// The chatId of a packed operation.
fn chat_id_of<'a>(ask: &Ask, bytes: &'a [u8]) -> &'a str {
    let chat_id = match ask {
        Ask::Plain | Ask::Append(_) => match Effect::record_chat_id(bytes) {
            Some(chat_id) => chat_id,
            None => unreachable!("a packed record holds its chatId"),
        },
        _ => bytes,
    };
    std::str::from_utf8(chat_id).unwrap_or_default()
}
