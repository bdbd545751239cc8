//! The model alone, under random workloads: what it promises must hold for itself.

use std::collections::BTreeMap;

use foq_log::{Completion, Outcome};

use super::*;
use crate::workload::{Profile, Step, Workload};

const START_MS: u64 = 1_750_000_000_000;

/// A model that is told, round by round, that all went as it expects.
struct Alone {
    model: Model,
    wall_ms: u64,
    monotonic_ms: u64,
    waiting: Vec<Ticket>,
    number: u64,
}

impl Alone {
    fn new(profile: Profile) -> Self {
        let model = Model::new(&profile.options());
        Self { model, wall_ms: START_MS, monotonic_ms: 0, waiting: Vec::new(), number: 0 }
    }

    fn judge(&mut self, op: &Op) -> Ticket {
        self.number += 1;
        let ticket = Ticket { caller: 0, number: self.number };
        self.model.judge(ticket, op);
        self.waiting.push(ticket);
        ticket
    }

    fn assembled(&mut self) -> u64 {
        let round = self.model.rounds.last().number + 1;
        let mut clock = self.model.clock.clone();
        clock.round(self.wall_ms, self.monotonic_ms);
        let (at, retention_at) = (clock.at, clock.retention_at);
        self.model.assembled(round, self.wall_ms, self.monotonic_ms, at, retention_at).unwrap();
        round
    }

    fn round(&mut self) {
        let round = self.assembled();
        self.model.applied(round);
        for ticket in std::mem::take(&mut self.waiting) {
            let outcome = self.model.expected_answer(ticket).cloned().unwrap();
            self.model.completion(&Completion { ticket, outcome }).unwrap();
        }
    }

    /// Floors that readers see, by chat.
    fn floors(&self) -> BTreeMap<String, u64> {
        let now = self.model.rounds.applied().retention_at;
        let chats = &self.model.rounds.applied().newest;
        let floor = |chat: &chat::Chat| floor::floor(chat, &self.model.store, now).0;
        chats.iter().map(|(id, chat)| (id.clone(), floor(chat))).collect()
    }
}

#[test]
fn no_floor_ever_falls_and_no_cursor_passes_the_head() {
    for seed in 0..60 {
        let profile = if seed % 2 == 0 { Profile::MIXED } else { Profile::DENSE };
        let profile = Profile { time: true, ..profile };
        let mut alone = Alone::new(profile);
        let mut workload = Workload::new(seed, profile);
        let mut floors = BTreeMap::new();
        for _ in 0..1500 {
            match workload.next(&alone.model) {
                Step::Submit { op, .. } => {
                    alone.judge(&op);
                }
                Step::Advance { wall_ms, monotonic_ms } => {
                    alone.wall_ms = alone.wall_ms.saturating_add_signed(wall_ms);
                    alone.monotonic_ms += monotonic_ms;
                }
                Step::Reopen | Step::Crash => {
                    alone.waiting.clear();
                    let round = alone.model.rounds.last().number;
                    alone.model.resume(round);
                }
                _ => alone.round(),
            }
            let now = alone.floors();
            for (chat, floor) in &floors {
                assert!(now.get(chat) >= Some(floor), "seed {seed} chat {chat}: {floor}, {now:?}");
            }
            floors = now;
            for chat in alone.model.judged.values() {
                let beyond = |cursor: &chat::Cursor| cursor.received > chat.head;
                assert!(!chat.cursors.values().any(beyond), "seed {seed}: {chat:?}");
            }
        }
    }
}

fn append(text: &str) -> Op {
    Op::Append(crate::operation::OwnedAppend {
        chat: "chat".to_owned(),
        payload: text.as_bytes().to_vec(),
        ..Default::default()
    })
}

fn join(consumer: &str) -> Op {
    let at = foq_log::JoinAt::Head;
    Op::Join { chat: "chat".to_owned(), consumer: consumer.to_owned(), at }
}

fn ack(received: u64, durable: bool) -> Op {
    Op::Ack {
        chat: "chat".to_owned(),
        consumer: "ann".to_owned(),
        received: Some(received),
        delivered: None,
        read: None,
        marks_seen: None,
        durable,
    }
}

#[test]
fn an_answer_before_its_round_is_applied_is_an_objection() {
    let mut alone = Alone::new(Profile::DENSE);
    let ticket = alone.judge(&append("a"));
    alone.assembled();
    let outcome = alone.model.expected_answer(ticket).cloned().unwrap();
    let early = alone.model.completion(&Completion { ticket, outcome });
    assert!(early.unwrap_err().starts_with("I7"));
}

#[test]
fn a_refusal_that_rests_on_an_undurable_record_is_early_and_one_that_does_not_is_not() {
    let create = Op::Append(crate::operation::OwnedAppend {
        chat: "chat".to_owned(),
        if_head: Some(0),
        ..Default::default()
    });
    for durable in [false, true] {
        let mut alone = Alone::new(Profile::DENSE);
        alone.judge(&append("a"));
        if durable {
            alone.round();
        }
        let ticket = alone.judge(&create);
        let outcome = alone.model.expected_answer(ticket).cloned().unwrap();
        let seen = alone.model.completion(&Completion { ticket, outcome });
        assert_eq!(seen.is_ok(), durable, "{seen:?}");
    }
}

#[test]
fn a_wrong_answer_names_the_promise_it_breaks() {
    let mut alone = Alone::new(Profile::DENSE);
    let ticket = alone.judge(&append("a"));
    let round = alone.assembled();
    alone.model.applied(round);
    let outcome = Outcome::Appended { seq: 2, at: START_MS, duplicate: false };
    let wrong = alone.model.completion(&Completion { ticket, outcome });
    assert!(wrong.unwrap_err().starts_with("I2"));
}

#[test]
fn a_round_without_effects_may_carry_the_acks_that_wait_or_not() {
    let mut alone = Alone::new(Profile::DENSE);
    alone.judge(&join("ann"));
    alone.judge(&append("a"));
    alone.round();
    alone.judge(&ack(1, false));
    alone.round();
    assert_eq!(alone.model.rounds.applied().versions().count(), 2);
    alone.judge(&append("b"));
    alone.round();
    assert_eq!(alone.model.rounds.applied().versions().count(), 1, "an effect carries all");
}

#[test]
fn what_the_disk_refused_is_as_if_it_had_never_been_asked() {
    let mut alone = Alone::new(Profile::DENSE);
    let refused = alone.judge(&append("a"));
    let taken = alone.judge(&join("ann"));
    let full = foq_log::Error::DiskFull { free_bytes: 0, needed_bytes: 1 };
    let outcome = Outcome::Failed(Box::new(full));
    alone.model.completion(&Completion { ticket: refused, outcome: outcome.clone() }).unwrap();
    assert!(matches!(
        alone.model.expected_answer(taken),
        Some(Outcome::Joined { join_seq: 1, head_seq: 0, .. })
    ));
    let ack = alone.judge(&ack(0, false));
    let objection = alone.model.completion(&Completion { ticket: ack, outcome });
    assert!(objection.unwrap_err().starts_with("I29"), "an ack needs no space");
}

/// What a chat may look like that a workload should meet.
fn sights(chat: &chat::Chat, store: &Retention, now: u64) -> Vec<&'static str> {
    let closing = chat.cursors.values().any(|cursor| cursor.closing.is_some());
    let hole = chat.cursors.values().any(|cursor| !cursor.holes.is_empty());
    let pinned_below = chat.pinned.as_ref().is_some_and(|pinned| pinned.seq < chat.floor);
    let pinned_deleted = chat.pinned.as_ref().is_some_and(|pinned| pinned.deleted);
    let full_ring = chat.rings.values().any(|ring| ring.len() == 4);
    let expired = floor::floor(chat, store, now).0 > chat.floor;
    let behind_its_marks = chat.cursors.values().any(|cursor| cursor.read > cursor.received);
    let below_the_floor = chat.cursors.values().any(|cursor| cursor.received + 1 < chat.floor);
    let ended = chat.live(store, now).count() < chat.cursors.len();
    let all = [
        (closing, "a closing cursor"),
        (ended, "a closing cursor that ended by age"),
        (hole, "a hole"),
        (pinned_below, "a pinned record below the floor"),
        (pinned_deleted, "a deleted pinned record"),
        (!chat.deleted.is_empty(), "deleted records"),
        (full_ring, "a full dedup ring"),
        (expired, "a floor that time has moved"),
        (behind_its_marks, "a mark ahead of received"),
        (below_the_floor, "a cursor below the floor"),
    ];
    all.into_iter().filter(|(seen, _)| *seen).map(|(_, name)| name).collect()
}

#[test]
fn workloads_meet_every_shape_of_a_chat() {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    let profile = Profile::MIXED;
    for seed in 0..10 {
        let mut alone = Alone::new(profile);
        let mut workload = Workload::new(seed, profile);
        for _ in 0..400 {
            match workload.next(&alone.model) {
                Step::Submit { op, .. } => {
                    alone.judge(&op);
                }
                Step::Advance { wall_ms, monotonic_ms } => {
                    alone.wall_ms = alone.wall_ms.saturating_add_signed(wall_ms);
                    alone.monotonic_ms += monotonic_ms;
                }
                _ => alone.round(),
            }
            let now = alone.model.clock.retention_at;
            let chats = alone.model.judged.values();
            for sight in chats.flat_map(|chat| sights(chat, &alone.model.store, now)) {
                *seen.entry(sight).or_default() += 1;
            }
        }
    }
    assert_eq!(seen.len(), 10, "{seen:?}");
    assert!(seen.values().all(|&count| count > 20), "{seen:?}");
}
