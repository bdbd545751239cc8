//! The model: what FOQ promises, written again as plainly as possible and without a look at the
//! log's code. The harness shows it what was judged, settled and recovered; it objects.
//!
//! The order of calls: `judge` for all that an `assemble` judged, `assembled` if it made a round,
//! `applied` when that round is durable, `completion` for each answer. After every reopening
//! `resume`. An objection begins with the number that docs/guarantees.md gives the broken promise,
//! where it has one.
//!
//! Invariants: `rounds` begins with the oldest round that a crash may still go back to and ends
//! with the last assembled one; a snapshot shares its chats with `judged` until they change.

mod answer;
mod append;
mod chat;
mod clock;
mod compare;
mod floor;
mod glimpse;
mod judge;
mod quota;
mod recovery;
mod rounds;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use foq_log::{Completion, Durability, Error, Options, Outcome, Reader, Retention, Ticket};

use self::answer::{Expected, Rests};
use self::chat::{COMING, Chats};
use self::clock::Clock;
use self::compare::Expectation;
use self::judge::{Effect, Rules};
use self::rounds::{Rounds, Snapshot};
use crate::operation::Op;

pub use self::glimpse::Glimpse;

/// See the module. An `Err` is a broken promise, in words.
#[derive(Clone)]
pub struct Model {
    store: Retention,
    dedup_depth: usize,
    /// Whether a synced round survives a power cut.
    synced_survives: bool,
    clock: Clock,
    judged: Chats,
    rounds: Rounds,
    /// Last round that an answer rests on.
    acked: u64,
    window: Window,
    expected: BTreeMap<Ticket, Expected>,
    last_number: BTreeMap<(u32, String), u64>,
    consumers: BTreeSet<String>,
    /// An objection found where none can be returned; the next call returns it.
    objection: Option<String>,
    /// Round and version that readers were last found to see.
    seen: Cell<Option<(u64, usize)>>,
}

/// What was judged for one round; judged again when the disk refuses a part.
#[derive(Clone, Default)]
struct Window {
    base: Chats,
    now: u64,
    ops: Vec<(Ticket, Op)>,
    refused: BTreeSet<Ticket>,
    /// An effect that makes a round is among them.
    certain: bool,
    /// The stamp of the round they belong to.
    at: Option<u64>,
    closed: bool,
}

impl Model {
    /// A model of an empty store.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        Self {
            store: options.retention,
            dedup_depth: usize::from(options.dedup_depth),
            synced_survives: options.durability == Durability::Fsync,
            clock: Clock::opened(0, 0, 0),
            judged: Chats::new(),
            rounds: Rounds::new(Snapshot::empty()),
            acked: 0,
            window: Window::default(),
            expected: BTreeMap::new(),
            last_number: BTreeMap::new(),
            consumers: BTreeSet::new(),
            objection: None,
            seen: Cell::new(None),
        }
    }

    /// The log judged this operation, as the next one, while assembling the coming round.
    pub fn judge(&mut self, ticket: Ticket, op: &Op) {
        if self.window.closed || self.window.at.is_some() || self.window.ops.is_empty() {
            let now = self.clock.retention_at;
            self.window = Window { base: self.judged.clone(), now, ..Window::default() };
        }
        let of_chat = (ticket.caller, op.chat().to_owned());
        let last = self.last_number.insert(of_chat, ticket.number);
        if last.is_some_and(|last| last >= ticket.number) {
            self.objection = Some(format!("I5: {ticket:?} was judged after number {last:?}"));
        }
        self.window.ops.push((ticket, op.clone()));
        if let Op::Join { consumer, .. } = op {
            self.consumers.insert(consumer.clone());
        }
        if let Op::Append(append) = op {
            self.consumers.extend(append.join.iter().cloned());
        }
        let expected = self.judge_one(op);
        self.expected.insert(ticket, expected);
    }

    fn judge_one(&mut self, op: &Op) -> Expected {
        let rules =
            Rules { store: self.store, dedup_depth: self.dedup_depth, now: self.window.now };
        let id = op.chat();
        let durable_head = self.rounds.applied().head(id);
        let chat = self.judged.get(id).cloned();
        let mut next = chat.unwrap_or_default();
        let before = Arc::clone(&next);
        let verdict = judge::judge(&mut next, durable_head, op, &rules);
        let same_when_durable = |chats: &Chats| {
            let mut chat = chats.get(id).cloned().unwrap_or_default();
            if Arc::ptr_eq(&chat, &before) {
                return true;
            }
            let durable = judge::judge(&mut chat, durable_head, op, &rules);
            let nothing = matches!(durable.effect, Effect::None | Effect::Doubtful);
            nothing && answer::same(&durable.outcome, &verdict.outcome)
        };
        let rests = match verdict.effect {
            Effect::Certain => Rests::OnComing,
            Effect::Lazy => Rests::On(0),
            // "Received", of a consumer that joined just now: nobody is promised anything.
            _ if matches!(op, Op::Ack { durable: false, .. }) && is_acked(&verdict.outcome) => {
                Rests::On(0)
            }
            _ if self.rounds.applied().versions().any(same_when_durable) => Rests::On(0),
            // The first round on its way that says the same, if one does.
            _ => self
                .rounds
                .in_flight()
                .find(|snapshot| snapshot.versions().any(same_when_durable))
                .map_or(Rests::OnComing, |snapshot| Rests::On(snapshot.number)),
        };
        if verdict.effect != Effect::None {
            self.judged.insert(id.to_owned(), next);
        }
        // What an answer rests on is made durable at once, waiting acks too.
        self.window.certain |= rests == Rests::OnComing;
        Expected {
            chat: id.to_owned(),
            what: glimpse::name(op),
            is_ack: matches!(op, Op::Ack { .. }),
            outcome: verdict.outcome,
            rests,
        }
    }

    /// A round was assembled from all that was judged since the last one, stamped `at` and
    /// `retention_at`; checks the stamps against the clocks; keeps the state as snapshot `round`.
    /// Header-only rounds (marks, ticks) come here too.
    ///
    /// # Errors
    /// A wrong number or stamp, or an earlier objection.
    pub fn assembled(
        &mut self,
        round: u64,
        wall_ms: u64,
        monotonic_ms: u64,
        at: u64,
        retention_at: u64,
    ) -> Result<(), String> {
        self.object()?;
        let expected = self.rounds.last().number + 1;
        if round != expected {
            return Err(format!("round: expected number {expected}, seen {round}"));
        }
        self.rounds.settle_on(self.seen.take());
        if self.rounds.in_flight().next().is_some() {
            self.clock.round_behind_others(wall_ms, monotonic_ms);
        } else {
            self.clock.round(wall_ms, monotonic_ms);
        }
        if (at, retention_at) != (self.clock.at, self.clock.retention_at) {
            let promise = if retention_at > self.clock.retention_at { "I18" } else { "I21" };
            return Err(format!(
                "{promise}: round {round}: expected at {} and retention {}, seen {at} and \
                 {retention_at}",
                self.clock.at, self.clock.retention_at
            ));
        }
        self.window.at = Some(at);
        self.stamp(at, Some(round));
        let carries = self.window.certain && !self.window.closed;
        self.rounds.push(round, at, retention_at, &self.judged, carries);
        Ok(())
    }

    fn stamp(&mut self, at: u64, round: Option<u64>) {
        let before = &self.rounds.last().newest;
        for (id, chat) in &mut self.judged {
            if before.get(id).is_none_or(|before| !Arc::ptr_eq(before, chat)) {
                Arc::make_mut(chat).stamp(at);
            }
        }
        for expected in self.expected.values_mut() {
            if expected.rests == Rests::OnComing {
                answer::stamp(&mut expected.outcome, COMING, at);
                expected.rests = round.map_or(Rests::OnComing, Rests::On);
            }
        }
    }

    /// The round is durable and applied: its snapshot is what readers must see now.
    pub fn applied(&mut self, round: u64) {
        if self.rounds.apply(round).is_err() {
            self.objection = Some(format!("round: {round} was applied but not assembled"));
        }
        self.window.closed = true;
        self.forget_rounds();
    }

    fn forget_rounds(&mut self) {
        self.rounds.forget_before(self.oldest_acceptable());
    }

    fn oldest_acceptable(&self) -> u64 {
        if self.synced_survives { self.acked.max(self.rounds.applied().number) } else { 0 }
    }

    /// An answer arrived: it is the expected one, and not earlier than what it rests on is
    /// durable (I1, I7). Remembers what was acked.
    ///
    /// # Errors
    /// A wrong, early or unordered answer.
    pub fn completion(&mut self, completion: &Completion) -> Result<(), String> {
        self.object()?;
        let Completion { ticket, outcome } = completion;
        if let Outcome::Failed(error) = outcome {
            match **error {
                Error::DiskFull { .. } => return self.refused_by_disk(*ticket),
                // Its outcome is unknown until the store was opened again.
                Error::Poisoned { .. } | Error::Closed => {
                    self.expected.remove(ticket);
                    return Ok(());
                }
                _ => {}
            }
        }
        let Some(expected) = self.expected.remove(ticket) else {
            return Err(format!("I6: {ticket:?} was not judged, or answered twice: {outcome:?}"));
        };
        let Expected { chat, what, .. } = &expected;
        let about = format!("{what} {ticket:?} on chat {chat}");
        if let Some(earlier) = self.overtaken(*ticket, &expected) {
            return Err(format!("I5: {about} was answered before {earlier:?}"));
        }
        if !answer::same(&expected.outcome, outcome) {
            let promise = answer::broken_promise(&expected.outcome, outcome);
            let expected = &expected.outcome;
            return Err(format!("{promise}: {about}: expected {expected:?}, seen {outcome:?}"));
        }
        match expected.rests {
            Rests::On(round) if round <= self.rounds.applied().number => {
                self.acked = self.acked.max(round);
                Ok(())
            }
            rests => Err(format!("I7: {about}: answered {outcome:?} before {rests:?} is durable")),
        }
    }

    /// An earlier operation of the same caller on the same chat that has no answer yet.
    fn overtaken(&self, ticket: Ticket, expected: &Expected) -> Option<Ticket> {
        let first = Ticket { caller: ticket.caller, number: 0 };
        let earlier = self.expected.range(first..ticket);
        let mut waiting = earlier.filter(|(_, other)| !other.is_ack && other.chat == expected.chat);
        if expected.is_ack { None } else { waiting.next().map(|(&ticket, _)| ticket) }
    }

    /// The disk was too full for an operation that needs space: all that was judged since the
    /// last round is judged again without it.
    fn refused_by_disk(&mut self, ticket: Ticket) -> Result<(), String> {
        let window = std::mem::take(&mut self.window);
        let needs_space =
            |op: &Op| matches!(op, Op::Append(_) | Op::Join { .. } | Op::Configure { .. });
        let refused = window.ops.iter().find(|(other, _)| *other == ticket);
        if !refused.is_some_and(|(_, op)| needs_space(op)) {
            return Err(format!("I29: {ticket:?} frees space or was not judged, yet: disk full"));
        }
        self.expected.remove(&ticket);
        self.judged = window.base.clone();
        self.window = Window { certain: false, ..window };
        self.window.refused.insert(ticket);
        for (ticket, op) in self.window.ops.clone() {
            if self.window.refused.contains(&ticket) {
                continue;
            }
            let expected = self.judge_one(&op);
            if let Some(waiting) = self.expected.get_mut(&ticket) {
                *waiting = expected;
            }
        }
        if let Some(at) = self.window.at {
            self.stamp(at, Some(self.rounds.last().number));
            self.rounds.replace_last(&self.judged);
        }
        Ok(())
    }

    /// Readers see exactly the snapshot of the last applied round.
    ///
    /// # Errors
    /// The first difference, or an earlier objection.
    pub fn check_live(&self, reader: &Reader) -> Result<(), String> {
        if let Some(objection) = &self.objection {
            return Err(objection.clone());
        }
        self.check_snapshot(reader, self.rounds.applied())
    }

    fn check_snapshot(&self, reader: &Reader, snapshot: &Snapshot) -> Result<(), String> {
        let mut found = Ok(());
        for (version, chats) in snapshot.versions().enumerate() {
            found = compare::check(reader, &self.expectation(snapshot, chats));
            if found.is_ok() {
                self.seen.set(Some((snapshot.number, version)));
                break;
            }
        }
        found.map_err(|difference| format!("{difference} (round {})", snapshot.number))
    }

    fn expectation<'a>(&'a self, snapshot: &Snapshot, chats: &'a Chats) -> Expectation<'a> {
        let now = snapshot.retention_at;
        Expectation { chats, consumers: &self.consumers, store: &self.store, now }
    }

    fn object(&mut self) -> Result<(), String> {
        self.objection.take().map_or(Ok(()), Err)
    }

    /// Operations whose answer is still expected.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        self.expected.len()
    }
}

fn is_acked(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Acked)
}

#[cfg(test)]
mod tests;
