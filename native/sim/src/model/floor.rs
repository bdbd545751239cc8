//! The floor of a chat: a pure function of its state and the retention clock.

use foq_log::{GapReason, Keep, Retention};

use super::chat::Chat;

const HOUR_MS: u64 = 60 * 60 * 1000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// The first seq that a read returns at `now`, and why nothing lies below it.
///
/// The greatest of: the stored floor; the first seq younger than `max_age`; and, where somebody
/// holds, what all holders have received, but not beyond the first seq younger than
/// `keep_at_least`. Where nobody holds, only age and the stored floor count.
pub(super) fn floor(chat: &Chat, store: &Retention, now: u64) -> (u64, GapReason) {
    let rules = chat.retention(store);
    let mut floor = chat.floor;
    if rules.keep != Keep::Forever {
        floor = floor.max(first_younger(chat, rules.max_age_ms, now));
    }
    let received = chat.live(store, now).map(|(_, cursor)| cursor.received).min();
    if let (Keep::UntilReceived, Some(received)) = (rules.keep, received) {
        let young = match rules.keep_at_least_ms {
            0 => chat.head + 1,
            age => first_younger(chat, age, now),
        };
        floor = floor.max((received + 1).min(young));
    }
    let reason = if floor > chat.floor { GapReason::Expired } else { chat.reason };
    (floor, reason)
}

/// First seq at or above the stored floor that is not older than `age`; head + 1 if all are.
fn first_younger(chat: &Chat, age: u64, now: u64) -> u64 {
    let young = chat.records.iter().find(|(_, kept)| !older(kept.at, age, now));
    young.map_or(chat.head + 1, |(&seq, _)| seq)
}

/// Ages have the grain of an hour, from 48 hours on that of a UTC day: a record is older than
/// `age` only when the whole bucket it lies in is.
pub(super) fn older(at: u64, age: u64, now: u64) -> bool {
    let grain = if age >= 2 * DAY_MS { DAY_MS } else { HOUR_MS };
    let bucket_end = (at / grain).saturating_add(1).saturating_mul(grain);
    now.checked_sub(age).is_some_and(|limit| bucket_end <= limit)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::model::chat::{Body, Closing, Cursor, Kept};

    const STORE: Retention = Retention {
        keep: Keep::UntilReceived,
        max_age_ms: 30 * DAY_MS,
        keep_at_least_ms: 0,
        max_bytes: 0,
    };

    fn a_chat(ats: &[u64], received: &[u64]) -> Chat {
        let body =
            Arc::new(Body { kind: 0, pin: false, sender: String::new(), payload: Vec::new() });
        let mut chat = Chat { head: ats.len() as u64, ..Chat::default() };
        for (seq, &at) in (1..).zip(ats) {
            chat.records.insert(seq, Kept { at, body: Arc::clone(&body) });
        }
        for (seat, &received) in (0..).zip(received) {
            let cursor = Cursor {
                seat,
                join_seq: 1,
                received,
                delivered: 0,
                read: 0,
                marks_seen: 0,
                closing: None,
                holes: Vec::new(),
            };
            chat.cursors.insert(format!("c{seat}"), cursor);
        }
        chat
    }

    #[test]
    fn a_chat_in_which_nobody_holds_keeps_its_records_until_max_age() {
        let chat = a_chat(&[DAY_MS, DAY_MS], &[]);
        assert_eq!(floor(&chat, &STORE, 31 * DAY_MS).0, 1);
        assert_eq!(floor(&chat, &STORE, 32 * DAY_MS - 1).0, 1, "the day has not ended");
        assert_eq!(floor(&chat, &STORE, 32 * DAY_MS), (3, GapReason::Expired));
    }

    #[test]
    fn the_slowest_holder_decides_and_keep_at_least_holds_what_is_young() {
        let mut chat = a_chat(&[0, HOUR_MS, 2 * HOUR_MS], &[2, 3]);
        assert_eq!(floor(&chat, &STORE, 0).0, 3);
        chat.options.keep_at_least_ms = Some(HOUR_MS);
        assert_eq!(floor(&chat, &STORE, HOUR_MS).0, 1);
        assert_eq!(floor(&chat, &STORE, 2 * HOUR_MS).0, 2);
        assert_eq!(floor(&chat, &STORE, 30 * HOUR_MS).0, 3, "the slowest has received 2");
    }

    #[test]
    fn a_window_has_no_ack_term_and_forever_not_even_an_age() {
        let mut chat = a_chat(&[0, 0], &[2]);
        chat.options.keep = Some(Keep::Window);
        assert_eq!(floor(&chat, &STORE, DAY_MS).0, 1);
        assert_eq!(floor(&chat, &STORE, 31 * DAY_MS).0, 3);
        chat.options.keep = Some(Keep::Forever);
        assert_eq!(floor(&chat, &STORE, 1000 * DAY_MS).0, 1);
    }

    #[test]
    fn the_floor_does_not_fall_when_the_last_closing_cursor_ends_by_age() {
        let mut chat = a_chat(&[0, 1, 2], &[2]);
        chat.cursors.get_mut("c0").unwrap().closing = Some(Closing { leave_seq: 3, at: 2 });
        assert_eq!(floor(&chat, &STORE, 30 * DAY_MS + 2).0, 3);
        assert_eq!(chat.live(&STORE, 30 * DAY_MS + 2).count(), 1, "it ends with its day");
        assert_eq!(chat.live(&STORE, 31 * DAY_MS).count(), 0);
        assert_eq!(floor(&chat, &STORE, 31 * DAY_MS).0, 4);
        chat.settle(&STORE, 31 * DAY_MS);
        assert_eq!((chat.floor, chat.cursors.len(), chat.records.len()), (4, 0, 0));
    }

    #[test]
    fn ages_below_48_hours_have_the_grain_of_an_hour_and_others_of_a_day() {
        assert!(!older(0, 47 * HOUR_MS, 48 * HOUR_MS - 1));
        assert!(older(0, 47 * HOUR_MS, 48 * HOUR_MS));
        assert!(!older(0, 48 * HOUR_MS, 72 * HOUR_MS - 1));
        assert!(older(0, 48 * HOUR_MS, 72 * HOUR_MS));
        assert!(!older(u64::MAX, u64::MAX, u64::MAX));
    }
}
