//! The loop of judging: in the order of the queue, until it is empty or the round is full.

use std::sync::Arc;

use crate::error::Error;
use crate::format::effect::Effect;
use crate::hash::ChatKey;
use crate::judge::{Judge, JudgeContext, RestsOn, never_seen};
use crate::ladder::{Room, reserve_bytes};
use crate::log::Log;
use crate::ops::{Completion, Outcome, Ticket};
use crate::options::Retention;
use crate::overlay::Overlays;
use crate::pack::Ask;
use crate::parking::Parked;
use crate::planted::{Bug, planted};
use crate::queue::Queue;
use crate::round::Round;
use crate::state::{ChatIndex, States};

/// Chats that are looked at together, so that their cache misses overlap.
pub(crate) const TOUCHED_AHEAD: usize = 32;

/// Why judging stopped.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stop {
    /// Nothing is queued.
    Empty,
    /// The next operation does not fit in this round.
    Full,
    /// It does not fit in the file, and nothing is laid out yet.
    FileFull,
}

/// The chats of the operations that come next, found and touched together.
#[derive(Default)]
struct Ahead {
    chats: Vec<(ChatKey, Option<ChatIndex>)>,
    next: usize,
}

impl Ahead {
    fn new() -> Self {
        Self { chats: Vec::with_capacity(TOUCHED_AHEAD), next: 0 }
    }

    /// The chat of the next operation, whose key is `key`.
    fn find(
        &mut self,
        key: ChatKey,
        queue: &Queue,
        states: &States,
        overlays: &Overlays,
    ) -> Option<ChatIndex> {
        if self.next == self.chats.len() {
            self.chats.clear();
            self.next = 0;
            queue.ahead(TOUCHED_AHEAD, |key| {
                states.touch_key(key);
                self.chats.push((key, None));
            });
            for chat in self.chats.iter().filter_map(|(key, _)| states.guess(*key)) {
                states.touch(chat);
                overlays.touch(chat);
            }
            for (key, chat) in &mut self.chats {
                *chat = states.find(*key);
                if let Some(chat) = *chat {
                    overlays.touch_overlay(chat);
                }
            }
        }
        let found = self.chats.get(self.next).copied();
        self.next = (self.next + 1).min(self.chats.len());
        match found {
            // Another caller's turn, or a chat that an operation just before made: look again.
            Some((ahead, Some(chat))) if ahead == key => Some(chat),
            _ => states.find(key),
        }
    }
}

/// What one round has room for.
#[derive(Clone, Copy)]
struct Limits {
    /// Bytes left in the file.
    room: usize,
    /// Bytes a round should have; a single operation may have more.
    limit: usize,
}

impl Log {
    /// Judges in order until the queue is empty or the round is full.
    pub(crate) fn judge_queued(&mut self, round: &mut Round) -> Stop {
        let shared = Arc::clone(&self.shared);
        let room = self.file_room();
        let limits = Limits { room, limit: room.min(self.options.round_bytes_max as usize) };
        let context = self.judge_context(&shared.options.retention);
        let mut states = shared.states.read();
        let mut ahead = Ahead::new();
        loop {
            self.queue.select();
            let from_parking = self.parking.has_ready();
            let next = if from_parking { self.parking.peek() } else { self.queue.peek() };
            let Some((operation, bytes, ticket)) = next else {
                let full = round.bytes.len() + self.pending.bytes > room;
                return if full { Stop::FileFull } else { Stop::Empty };
            };
            let full = full(round, self.pending.bytes, operation.bound as usize, limits);
            // What is refused for want of space needs none, and must not wait for a file.
            let hopeless = full == Some(Stop::FileFull) && context.refuses(operation.ask());
            if let Some(stop) = full.filter(|_| !hopeless) {
                return stop;
            }
            let mut found = match from_parking {
                true => states.find(operation.key),
                false => ahead.find(operation.key, &self.queue, &states, &self.overlays),
            };
            if found.is_none() && !from_parking && self.must_look_up(&states, operation.key) {
                self.park(Parked::new(operation, bytes, ticket));
                self.queue.advance();
                continue;
            }
            if found.is_none() && never_seen(operation.ask()).is_none() {
                drop(states);
                let chat_id = chat_id_of(operation.ask(), bytes);
                found = Some(shared.states.write().find_or_insert(operation.key, chat_id));
                // Where all that is asked is refused, nothing of the chat is ever sealed.
                self.idle.push(operation.key);
                states = shared.states.read();
            }
            let (outcome, rests) = match found {
                None => (never_seen(operation.ask()).unwrap_or(Outcome::Done), RestsOn::Durable),
                Some(chat) => {
                    let judge = Judge {
                        context: &context,
                        chat,
                        state: states.chat(chat),
                        overlays: &mut self.overlays,
                        round: &mut *round,
                        pending: &mut self.pending,
                    };
                    judge_one(judge, operation.ask(), bytes)
                }
            };
            let rests = match answer_rests(operation.ask(), &outcome, rests) {
                RestsOn::ThisRound if hopeless => RestsOn::Durable,
                rests => rests,
            };
            if rests == RestsOn::ThisRound {
                let durable_ack = matches!(operation.ask(), Ask::Ack(terms) if terms.durable);
                self.pending.wanted |= durable_ack || round.effects.is_empty();
            }
            self.note_judged(ticket, from_parking);
            self.keep_answer(Completion { ticket, outcome }, rests, round);
        }
    }

    /// The operation last peeked at is judged.
    fn note_judged(&mut self, ticket: Ticket, from_parking: bool) {
        match from_parking {
            true => self.parking.advance(),
            false => self.queue.advance(),
        }
        if let Some(judged) = &mut self.judged {
            judged.push(ticket);
        }
    }

    /// Keeps an answer until what it rests on is durable.
    fn keep_answer(&mut self, answer: Completion, rests: RestsOn, round: &mut Round) {
        let answers = match rests {
            RestsOn::Durable => &mut self.ready,
            RestsOn::Earlier(earlier) => {
                return self.waiting.push((earlier, answer));
            }
            RestsOn::ThisRound => &mut round.answers,
        };
        answers.push(answer);
    }

    /// What every operation of this round is judged by.
    fn judge_context<'a>(&self, retention: &'a Retention) -> JudgeContext<'a> {
        let (refusal, space) = self.room;
        let refusal = if self.spares.no_space() { refusal.max(Room::NoAppends) } else { refusal };
        JudgeContext {
            retention,
            dedup_depth: usize::from(self.options.dedup_depth),
            retention_now: self.assembled.retention_at,
            room: refusal,
            free_bytes: space.free_bytes,
            needed_bytes: reserve_bytes(&self.options, space).saturating_mul(2),
            sealing_is_behind: self.sealing_is_behind(),
        }
    }

    /// Lays out judged acks: with any other effect, or when somebody wants them.
    pub(crate) fn lay_out_acks(&mut self, round: &mut Round, stop: Stop) {
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
        let shared = Arc::clone(&self.shared);
        let states = shared.states.read();
        let context = self.judge_context(&shared.options.retention);
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

    /// Planted bugs: acks count for retention before they are durable.
    pub(crate) fn leak_undurable_acks(&mut self) {
        let mut states = self.shared.states.write();
        for &chat in &self.pending.chats {
            let acks = self.overlays.get(chat).map(|overlay| overlay.acks());
            for raise in acks.unwrap_or_default() {
                states.raise_for_planted_bug(chat, *raise);
            }
        }
    }
}

/// Whether the round, or the file, has no room for an operation of at most `bound` bytes.
fn full(round: &Round, pending: usize, bound: usize, limits: Limits) -> Option<Stop> {
    let used = round.bytes.len() + pending;
    let needed = used + bound;
    let alone = round.effects.is_empty();
    if needed <= limits.limit || (alone && pending == 0 && needed <= limits.room) {
        return None;
    }
    let least = if pending == 0 { needed } else { used };
    Some(if alone && least > limits.room { Stop::FileFull } else { Stop::Full })
}

/// Judges an operation, and lets the overlay go where nothing of the chat waits for a disk.
fn judge_one(mut judge: Judge<'_>, ask: &Ask, bytes: &[u8]) -> (Outcome, RestsOn) {
    let outcome = judge.judge(ask, bytes);
    let rests = judge.rests_on();
    if rests == RestsOn::Durable {
        judge.overlays.release_settled(judge.chat);
    }
    (outcome, rests)
}

/// What the answer waits for; `rests` is what the chat rests on.
fn answer_rests(ask: &Ask, outcome: &Outcome, rests: RestsOn) -> RestsOn {
    match (ask, outcome) {
        (Ask::Ack(terms), Outcome::Acked) if !terms.durable => RestsOn::Durable,
        (_, Outcome::Appended { duplicate: true, .. })
            if planted(Bug::DuplicateAnsweredBeforeDurable) =>
        {
            RestsOn::Durable
        }
        // A full disk refuses whatever becomes of what is under way.
        (_, Outcome::Failed(error)) if matches!(**error, Error::DiskFull { .. }) => {
            RestsOn::Durable
        }
        _ => rests,
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
