//! One operation at a time: its kind by weight, its arguments near what would matter.

use foq_log::{ChatOptions, JoinAt, Keep};

use super::Profile;
use super::choice::Choice;
use crate::model::{Glimpse, Model};
use crate::operation::{Op, OwnedAppend};

const HOUR_MS: u64 = 3600 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;
const SECTOR_BYTES: u64 = 512;

/// Who and what there is to talk about.
#[derive(Clone, Debug)]
pub(super) struct Names {
    chats: Vec<String>,
    consumers: Vec<String>,
    keys: u64,
    payload_bytes_max: u64,
}

impl Names {
    pub(super) fn new(profile: &Profile) -> Self {
        Self {
            chats: (0..profile.chats.max(1)).map(|number| format!("chat-{number}")).collect(),
            consumers: (0..profile.consumers.max(1))
                .map(|number| format!("user{}/device{number}", number / 2))
                .collect(),
            keys: profile.keys.max(1),
            payload_bytes_max: profile.payload_bytes_max,
        }
    }

    pub(super) fn operation(&self, choice: &mut Choice, model: &Model) -> Op {
        let chat = choice.pick(&self.chats).cloned().unwrap_or_default();
        let seen = model.glimpse(&chat);
        match choice.weighted(&[46, 24, 9, 6, 3, 4, 1, 3, 2]) {
            0 => Op::Append(self.append(choice, chat, &seen)),
            1 => self.ack(choice, chat, &seen),
            2 => self.join(choice, chat, &seen),
            3 => self.leave(choice, chat, &seen),
            4 => Op::Trim { chat, up_to_seq: near(choice, seen.floor, seen.head) },
            5 => Op::DeleteRecords { chat, ranges: ranges(choice, &seen) },
            6 => Op::DeleteChat { chat },
            8 => Op::Forget { consumer: self.somebody(choice, &seen, 85).0, chat },
            _ => Op::Configure { chat, options: options(choice) },
        }
    }

    fn anyone(&self, choice: &mut Choice) -> String {
        choice.pick(&self.consumers).cloned().unwrap_or_default()
    }

    /// Usually one who is in the chat.
    fn somebody(&self, choice: &mut Choice, seen: &Glimpse, percent: u64) -> (String, u64) {
        match choice.pick(&seen.cursors) {
            Some((id, received, _)) if choice.chance(percent) => (id.clone(), *received),
            _ => (self.anyone(choice), 0),
        }
    }

    fn append(&self, choice: &mut Choice, chat: String, seen: &Glimpse) -> OwnedAppend {
        let mut append = OwnedAppend { chat, ..OwnedAppend::default() };
        append.kind = choice.byte();
        append.pin = choice.chance(8);
        append.payload = self.payload(choice);
        match choice.below(100) {
            0..45 => append.sender_as = Some(self.somebody(choice, seen, 80).0),
            45..85 => append.sender_id = Some(self.anyone(choice)),
            _ => {}
        }
        if choice.chance(65) && (append.sender_as.is_some() || append.sender_id.is_some()) {
            self.key(choice, &mut append);
        }
        if choice.chance(20) {
            append.guard = Some((or_wrong(choice, seen.guard), seen.guard + choice.between(1, 3)));
        }
        append.if_head = choice.chance(10).then(|| or_wrong(choice, seen.head));
        append.if_roster = choice.chance(10).then(|| or_wrong(choice, seen.roster));
        for (list, percent) in [(&mut append.join, 12), (&mut append.leave, 8)] {
            if choice.chance(percent) {
                let count = choice.between(1, 2);
                list.extend((0..count).map(|_| self.anyone(choice)));
            }
        }
        append
    }

    /// Few keys, and few payloads for each: repeats, conflicts, keys that were forgotten.
    fn key(&self, choice: &mut Choice, append: &mut OwnedAppend) {
        let key = choice.below(self.keys);
        append.dedup_key = Some(format!("key-{key}").into_bytes());
        let same = format!("what was meant by key {key}").into_bytes();
        match choice.below(100) {
            0..50 => append.payload = same,
            50..75 => append.dedup_over = Some(same),
            _ => {}
        }
    }

    fn payload(&self, choice: &mut Choice) -> Vec<u8> {
        let most = self.payload_bytes_max;
        let bytes = match choice.below(100) {
            0..10 => 0,
            10..70 => choice.between(1, 100),
            70..80 => choice.between(SECTOR_BYTES - 40, SECTOR_BYTES + 4),
            _ => choice.between(SECTOR_BYTES, most),
        };
        choice.bytes(usize::try_from(bytes.min(most)).unwrap_or(0))
    }

    fn ack(&self, choice: &mut Choice, chat: String, seen: &Glimpse) -> Op {
        let (consumer, received) = self.somebody(choice, seen, 88);
        let mut mark = |percent| {
            let given = choice.chance(percent);
            given.then(|| near(choice, received, seen.head))
        };
        let (received, delivered, read) = (mark(70), mark(30), mark(35));
        let version = seen.marks_version;
        let versions = [None, None, None, Some(version), Some(version / 2), Some(version + 3)];
        let marks_seen = choice.pick(&versions).copied().flatten();
        Op::Ack {
            chat,
            consumer,
            received,
            delivered,
            read,
            marks_seen,
            durable: choice.chance(30),
        }
    }

    fn join(&self, choice: &mut Choice, chat: String, seen: &Glimpse) -> Op {
        let at = match choice.below(100) {
            0..45 => JoinAt::Head,
            45..70 => JoinAt::First,
            70..95 => JoinAt::Seq(choice.between(1, seen.head + 1)),
            _ => JoinAt::Seq(seen.head + 2),
        };
        Op::Join { chat, consumer: self.anyone(choice), at }
    }

    fn leave(&self, choice: &mut Choice, chat: String, seen: &Glimpse) -> Op {
        let consumer = self.somebody(choice, seen, 85).0;
        let join_seq = choice.chance(30).then(|| choice.between(1, seen.head + 1));
        Op::Leave { chat, consumer, join_seq }
    }
}

/// Usually within `from..=to`, sometimes a little below or beyond.
fn near(choice: &mut Choice, from: u64, to: u64) -> u64 {
    match choice.below(100) {
        0..8 => to + choice.between(1, 2),
        8..20 => choice.between(0, to),
        _ => choice.between(from.min(to), to),
    }
}

fn or_wrong(choice: &mut Choice, right: u64) -> u64 {
    match choice.below(100) {
        0..65 => right,
        65..85 => right.saturating_sub(1),
        _ => right + 1,
    }
}

fn ranges(choice: &mut Choice, seen: &Glimpse) -> Vec<(u64, u64)> {
    if seen.head == 0 || choice.chance(8) {
        return vec![(1, seen.head + choice.between(1, 3))];
    }
    let count = choice.between(1, 2);
    let mut range = |_| {
        let from = choice.between(seen.floor.min(seen.head).saturating_sub(1).max(1), seen.head);
        (from, choice.between(from, seen.head.min(from + 2)))
    };
    (0..count).map(&mut range).collect()
}

fn options(choice: &mut Choice) -> ChatOptions {
    let keeps = [None, Some(Keep::UntilReceived), Some(Keep::Window), Some(Keep::Forever)];
    let ages = [None, Some(HOUR_MS), Some(3 * HOUR_MS), Some(2 * DAY_MS), Some(30 * DAY_MS)];
    let least = [None, Some(0), Some(HOUR_MS), Some(2 * DAY_MS)];
    let bytes = [None, None, Some(0), Some(512), Some(1600), Some(6000)];
    ChatOptions {
        keep: choice.pick(&keeps).copied().flatten(),
        // Never all unset: that would not tell a chat that was seen from one that was not.
        max_age_ms: choice.pick(&ages).copied().flatten().or(Some(7 * DAY_MS)),
        keep_at_least_ms: choice.pick(&least).copied().flatten(),
        max_bytes: choice.pick(&bytes).copied().flatten(),
    }
}
