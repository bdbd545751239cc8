//! One operation at a time: its kind by weight, its arguments near what would matter.

use foq_log::{ChatOptions, JoinAt, Keep};

use super::Profile;
use crate::model::{Glimpse, Model};
use crate::operation::{Op, OwnedAppend};
use crate::random::Rng;

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

    pub(super) fn operation(&self, rng: &mut Rng, model: &Model) -> Op {
        let chat = rng.pick(&self.chats).cloned().unwrap_or_default();
        let seen = model.glimpse(&chat);
        match rng.weighted(&[46, 24, 9, 6, 3, 4, 1, 3]) {
            0 => Op::Append(self.append(rng, chat, &seen)),
            1 => self.ack(rng, chat, &seen),
            2 => self.join(rng, chat, &seen),
            3 => self.leave(rng, chat, &seen),
            4 => Op::Trim { chat, up_to_seq: near(rng, seen.floor, seen.head) },
            5 => Op::DeleteRecords { chat, ranges: ranges(rng, &seen) },
            6 => Op::DeleteChat { chat },
            _ => Op::Configure { chat, options: options(rng) },
        }
    }

    fn anyone(&self, rng: &mut Rng) -> String {
        rng.pick(&self.consumers).cloned().unwrap_or_default()
    }

    /// Usually one who is in the chat.
    fn somebody(&self, rng: &mut Rng, seen: &Glimpse, percent: u64) -> (String, u64) {
        match rng.pick(&seen.cursors) {
            Some((id, received, _)) if rng.chance(percent) => (id.clone(), *received),
            _ => (self.anyone(rng), 0),
        }
    }

    fn append(&self, rng: &mut Rng, chat: String, seen: &Glimpse) -> OwnedAppend {
        let mut append = OwnedAppend { chat, ..OwnedAppend::default() };
        append.kind = rng.next_u64().to_le_bytes()[0];
        append.pin = rng.chance(8);
        append.payload = self.payload(rng);
        match rng.below(100) {
            0..45 => append.sender_as = Some(self.somebody(rng, seen, 80).0),
            45..85 => append.sender_id = Some(self.anyone(rng)),
            _ => {}
        }
        if rng.chance(65) && (append.sender_as.is_some() || append.sender_id.is_some()) {
            self.key(rng, &mut append);
        }
        if rng.chance(20) {
            append.guard = Some((or_wrong(rng, seen.guard), seen.guard + rng.between(1, 3)));
        }
        append.if_head = rng.chance(10).then(|| or_wrong(rng, seen.head));
        append.if_roster = rng.chance(10).then(|| or_wrong(rng, seen.roster));
        for (list, percent) in [(&mut append.join, 12), (&mut append.leave, 8)] {
            if rng.chance(percent) {
                let count = rng.between(1, 2);
                list.extend((0..count).map(|_| self.anyone(rng)));
            }
        }
        append
    }

    /// Few keys, and few payloads for each: repeats, conflicts, keys that were forgotten.
    fn key(&self, rng: &mut Rng, append: &mut OwnedAppend) {
        let key = rng.below(self.keys);
        append.dedup_key = Some(format!("key-{key}").into_bytes());
        let same = format!("what was meant by key {key}").into_bytes();
        match rng.below(100) {
            0..50 => append.payload = same,
            50..75 => append.dedup_over = Some(same),
            _ => {}
        }
    }

    fn payload(&self, rng: &mut Rng) -> Vec<u8> {
        let most = self.payload_bytes_max;
        let bytes = match rng.below(100) {
            0..10 => 0,
            10..70 => rng.between(1, 100),
            70..80 => rng.between(SECTOR_BYTES - 40, SECTOR_BYTES + 4),
            _ => rng.between(SECTOR_BYTES, most),
        };
        rng.bytes(usize::try_from(bytes.min(most)).unwrap_or(0))
    }

    fn ack(&self, rng: &mut Rng, chat: String, seen: &Glimpse) -> Op {
        let (consumer, received) = self.somebody(rng, seen, 88);
        let mut mark = |percent| {
            let given = rng.chance(percent);
            given.then(|| near(rng, received, seen.head))
        };
        let (received, delivered, read) = (mark(70), mark(30), mark(35));
        let version = seen.marks_version;
        let versions = [None, None, None, Some(version), Some(version / 2), Some(version + 3)];
        let marks_seen = rng.pick(&versions).copied().flatten();
        Op::Ack { chat, consumer, received, delivered, read, marks_seen, durable: rng.chance(30) }
    }

    fn join(&self, rng: &mut Rng, chat: String, seen: &Glimpse) -> Op {
        let at = match rng.below(100) {
            0..45 => JoinAt::Head,
            45..70 => JoinAt::First,
            70..95 => JoinAt::Seq(rng.between(1, seen.head + 1)),
            _ => JoinAt::Seq(seen.head + 2),
        };
        Op::Join { chat, consumer: self.anyone(rng), at }
    }

    fn leave(&self, rng: &mut Rng, chat: String, seen: &Glimpse) -> Op {
        let consumer = self.somebody(rng, seen, 85).0;
        let join_seq = rng.chance(30).then(|| rng.between(1, seen.head + 1));
        Op::Leave { chat, consumer, join_seq }
    }
}

/// Usually within `from..=to`, sometimes a little below or beyond.
fn near(rng: &mut Rng, from: u64, to: u64) -> u64 {
    match rng.below(100) {
        0..8 => to + rng.between(1, 2),
        8..20 => rng.between(0, to),
        _ => rng.between(from.min(to), to),
    }
}

fn or_wrong(rng: &mut Rng, right: u64) -> u64 {
    match rng.below(100) {
        0..65 => right,
        65..85 => right.saturating_sub(1),
        _ => right + 1,
    }
}

fn ranges(rng: &mut Rng, seen: &Glimpse) -> Vec<(u64, u64)> {
    if seen.head == 0 || rng.chance(8) {
        return vec![(1, seen.head + rng.between(1, 3))];
    }
    let count = rng.between(1, 2);
    let mut range = |_| {
        let from = rng.between(seen.floor.min(seen.head).saturating_sub(1).max(1), seen.head);
        (from, rng.between(from, seen.head.min(from + 2)))
    };
    (0..count).map(&mut range).collect()
}

fn options(rng: &mut Rng) -> ChatOptions {
    let keeps = [None, Some(Keep::UntilReceived), Some(Keep::Window), Some(Keep::Forever)];
    let ages = [None, Some(HOUR_MS), Some(3 * HOUR_MS), Some(2 * DAY_MS), Some(30 * DAY_MS)];
    let least = [None, Some(0), Some(HOUR_MS), Some(2 * DAY_MS)];
    ChatOptions {
        keep: rng.pick(&keeps).copied().flatten(),
        // Never all unset: that would not tell a chat that was seen from one that was not.
        max_age_ms: rng.pick(&ages).copied().flatten().or(Some(7 * DAY_MS)),
        keep_at_least_ms: rng.pick(&least).copied().flatten(),
    }
}
