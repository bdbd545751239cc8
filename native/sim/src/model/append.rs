//! The append: its checks in their order, and its effects in theirs.
//!
//! Order of checks: a repeat is found before anything else, so that a retry gets its first
//! answer whatever has changed since; then guard, head, roster, sender.

use std::sync::Arc;

use foq_log::{Error, Outcome};

use super::chat::{Body, COMING, Chat, Kept, Pinned, Remembered, forgotten};
use super::judge::{Effect, Rules, Verdict, enter, exit, settled};
use super::quota::weight;
use crate::operation::OwnedAppend;

pub(super) fn append(chat: &mut Arc<Chat>, append: &OwnedAppend, rules: &Rules) -> Verdict {
    if let Some(outcome) = repeat(chat, append, rules) {
        return Verdict::new(outcome, Effect::None);
    }
    if let Some(error) = refusal(chat, append) {
        return Verdict::refused(error);
    }
    let seq = chat.head + 1;
    let ring = ring_to_extend(chat, append, rules);
    let mut next = settled(chat, rules);
    for consumer in &append.join {
        if !next.joined(consumer) {
            next.settle(&rules.store, rules.now);
            if let Err(error) = enter(&mut next, consumer, seq) {
                return Verdict::refused(error);
            }
        }
    }
    next.settle(&rules.store, rules.now);
    put(&mut next, append);
    next.weigh(weight(append), &rules.store);
    remember(&mut next, append, ring, seq, rules.dedup_depth);
    for consumer in &append.leave {
        if next.joined(consumer) {
            next.settle(&rules.store, rules.now);
            exit(&mut next, consumer);
        }
    }
    *chat = Arc::new(next);
    Verdict::new(Outcome::Appended { seq, at: COMING, duplicate: false }, Effect::Certain)
}

fn sender(append: &OwnedAppend) -> Option<&String> {
    append.sender_as.as_ref().or(append.sender_id.as_ref())
}

fn hashed(append: &OwnedAppend) -> &[u8] {
    append.dedup_over.as_deref().unwrap_or(&append.payload)
}

/// What is remembered of a sender; forgotten when he is not joined and silent for `max_age`.
fn ring<'a>(chat: &'a Chat, sender: &str, rules: &Rules) -> &'a [Remembered] {
    let Some(ring) = chat.rings.get(sender) else { return &[] };
    let max_age = chat.retention(&rules.store).max_age_ms;
    if forgotten(ring, max_age, rules.now) && !chat.joined(sender) { &[] } else { ring }
}

/// The first answer, if this key was used before.
fn repeat(chat: &Chat, append: &OwnedAppend, rules: &Rules) -> Option<Outcome> {
    let key = append.dedup_key.as_deref()?;
    let first =
        ring(chat, sender(append)?, rules).iter().find(|remembered| *remembered.key == *key)?;
    if *first.hashed == *hashed(append) {
        return Some(Outcome::Appended { seq: first.seq, at: first.at, duplicate: true });
    }
    let error = Error::DedupConflict { seq: first.seq, at: first.at };
    Some(Outcome::Failed(Box::new(error)))
}

fn refusal(chat: &Chat, append: &OwnedAppend) -> Option<Error> {
    let head_seq = chat.head;
    if append.guard.is_some_and(|(expected, _)| expected != chat.guard) {
        return Some(Error::GuardConflict { current: chat.guard, head_seq });
    }
    if append.if_head.is_some_and(|head| head != head_seq) {
        return Some(Error::HeadConflict { head_seq });
    }
    if append.if_roster.is_some_and(|roster| roster != chat.roster) {
        return Some(Error::RosterStale { roster: chat.roster });
    }
    let consumer = append.sender_as.as_ref()?;
    if chat.joined(consumer) || append.join.contains(consumer) {
        return None;
    }
    Some(Error::NotJoined { consumer_id: consumer.clone() })
}

/// The ring as it was looked up: a forgotten one begins anew.
fn ring_to_extend(chat: &Chat, append: &OwnedAppend, rules: &Rules) -> Vec<Remembered> {
    sender(append).map(|sender| ring(chat, sender, rules).to_vec()).unwrap_or_default()
}

/// The record itself; its sender has received what he wrote, if he had received all before it.
fn put(chat: &mut Chat, append: &OwnedAppend) {
    let seq = chat.head + 1;
    let body = Arc::new(Body {
        kind: append.kind,
        pin: append.pin,
        sender: sender(append).cloned().unwrap_or_default(),
        payload: append.payload.clone(),
    });
    let kept = Kept { at: COMING, body };
    if append.pin {
        chat.pinned = Some(Pinned { seq, kept: kept.clone(), deleted: false });
    }
    chat.records.insert(seq, kept);
    chat.head = seq;
    chat.last_at = COMING;
    chat.guard = append.guard.map_or(chat.guard, |(_, next)| next);
    let cursor = append.sender_as.as_ref().and_then(|sender| chat.cursors.get_mut(sender));
    if let Some(cursor) = cursor.filter(|cursor| cursor.received == seq - 1) {
        cursor.receive(seq);
    }
}

fn remember(
    chat: &mut Chat,
    append: &OwnedAppend,
    mut ring: Vec<Remembered>,
    seq: u64,
    depth: usize,
) {
    let (Some(sender), Some(key)) = (sender(append), append.dedup_key.as_deref()) else { return };
    ring.push(Remembered { key: key.into(), hashed: hashed(append).into(), seq, at: COMING });
    ring.drain(..ring.len().saturating_sub(depth));
    chat.rings.insert(sender.clone(), ring);
}

#[cfg(test)]
mod tests {
    use foq_log::{Keep, Retention};

    use super::*;

    const RULES: Rules = Rules {
        store: Retention {
            keep: Keep::Forever,
            max_age_ms: 1000,
            keep_at_least_ms: 0,
            max_bytes: 0,
        },
        dedup_depth: 2,
        now: 0,
    };

    fn keyed(key: u8, payload: u8) -> OwnedAppend {
        OwnedAppend {
            chat: "a".to_owned(),
            payload: vec![payload],
            sender_id: Some("ann".to_owned()),
            dedup_key: Some(vec![key]),
            ..OwnedAppend::default()
        }
    }

    fn seq_of(chat: &mut Arc<Chat>, op: &OwnedAppend, rules: &Rules) -> (u64, bool) {
        match append(chat, op, rules).outcome {
            Outcome::Appended { seq, duplicate, .. } => (seq, duplicate),
            Outcome::Failed(error) => match *error {
                Error::DedupConflict { seq, .. } => (seq, true),
                other => panic!("{other}"),
            },
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_key_is_remembered_for_the_last_depth_keyed_appends_and_no_longer() {
        let mut chat = Arc::new(Chat::default());
        assert_eq!(seq_of(&mut chat, &keyed(1, 0), &RULES), (1, false));
        assert_eq!(seq_of(&mut chat, &keyed(2, 0), &RULES), (2, false));
        assert_eq!(seq_of(&mut chat, &keyed(1, 0), &RULES), (1, true));
        assert_eq!(seq_of(&mut chat, &keyed(1, 9), &RULES), (1, true), "another payload");
        assert_eq!(seq_of(&mut chat, &keyed(3, 0), &RULES), (3, false));
        assert_eq!(seq_of(&mut chat, &keyed(1, 0), &RULES), (4, false), "beyond the span");
    }

    #[test]
    fn a_silent_sender_is_forgotten_after_max_age_unless_it_is_joined() {
        let mut chat = Arc::new(Chat::default());
        seq_of(&mut chat, &keyed(1, 0), &RULES);
        Arc::make_mut(&mut chat).stamp(500);
        let later = Rules { now: 1499, ..RULES };
        assert_eq!(seq_of(&mut Arc::clone(&chat), &keyed(1, 0), &later), (1, true));
        let later = Rules { now: 1500, ..RULES };
        assert_eq!(seq_of(&mut Arc::clone(&chat), &keyed(1, 0), &later), (2, false));
        enter(Arc::make_mut(&mut chat), "ann", 1).unwrap();
        assert_eq!(seq_of(&mut chat, &keyed(1, 0), &later), (1, true));
    }

    #[test]
    fn a_repeat_is_answered_although_the_guard_has_moved_and_the_sender_has_left() {
        let mut chat = Arc::new(Chat::default());
        enter(Arc::make_mut(&mut chat), "ann", 1).unwrap();
        let first = OwnedAppend {
            sender_as: Some("ann".to_owned()),
            sender_id: None,
            guard: Some((0, 7)),
            leave: vec!["ann".to_owned()],
            ..keyed(1, 0)
        };
        assert_eq!(seq_of(&mut chat, &first, &RULES), (1, false));
        assert!(chat.cursors.is_empty(), "what it wrote itself it has received");
        assert_eq!(seq_of(&mut chat, &first, &RULES), (1, true));
        assert_eq!(chat.guard, 7);
    }
}
