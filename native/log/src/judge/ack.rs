//! Acks: a cursor rises in the overlay at once, and on disk with the next round.

use super::{Judge, raise_bytes, section_bytes};
use crate::error::Error;
use crate::format::effect::{Raise, raise};
use crate::ops::Outcome;
use crate::pack::AckTerms;
use crate::state::cursor::Cursor;

/// At most one for each kind.
type Raises = [Option<Raise>; 4];

/// A cursor as it was judged before an ack.
struct Before {
    seat: u16,
    marks_seen: u32,
    visible: (u64, u64),
    /// Of the chat.
    version: u32,
}

impl Judge<'_> {
    pub(super) fn ack(&mut self, terms: &AckTerms) -> Result<Outcome, Error> {
        let state = self.state;
        let now = self.context.retention_now;
        let store = self.context.retention;
        let overlay = self.overlay();
        let max_age_ms = overlay.retention(state, store).max_age_ms;
        let found = overlay.members(state).and_then(|members| {
            let cursor = members.find(terms.name).filter(|c| !c.ended(max_age_ms, now))?;
            Some((cursor, members.marks_version))
        });
        let Some((cursor, version)) = found else {
            return Err(Error::NotJoined { consumer_id: terms.consumer_id.to_string() });
        };
        let last = cursor.last_seq(state.head);
        let asked = [
            (raise::RECEIVED, terms.received, cursor.received),
            (raise::DELIVERED, terms.delivered, cursor.delivered()),
            (raise::READ, terms.read, cursor.read),
        ];
        if asked.iter().any(|&(_, value, _)| value > Some(last)) {
            return Err(Error::SeqOutOfRange { head_seq: last });
        }
        let Cursor { seat, marks_seen, .. } = *cursor;
        let before = Before { seat, marks_seen, visible: cursor.visible(), version };
        let mut raises = Raises::default();
        for (place, (what, value, current)) in raises.iter_mut().zip(asked) {
            let higher = value.filter(|&value| value > current);
            *place = higher.map(|value| Raise { seat, what, value });
        }
        self.raise(&before, raises, terms.marks_seen);
        Ok(Outcome::Acked)
    }

    fn raise(&mut self, before: &Before, mut raises: Raises, seen: Option<u32>) {
        let &Before { seat, version, .. } = before;
        let seen = seen.map_or(before.marks_seen, |seen| seen.min(version).max(before.marks_seen));
        if raises.iter().all(Option::is_none) && seen == before.marks_seen {
            return;
        }
        let state = self.state;
        let members = self.overlay().members_mut(state);
        for raise in raises.iter().flatten() {
            members.raise(seat, raise.what, raise.value);
        }
        let after = members.in_seat(seat).map_or(before.visible, Cursor::visible);
        let mut marks_seen = seen;
        if after != before.visible {
            members.marks_version = version.saturating_add(1);
            // Who was up to date stays so: a device does not wait for its own marks.
            if seen == version {
                marks_seen = members.marks_version;
            }
        }
        if marks_seen != before.marks_seen {
            let value = u64::from(marks_seen);
            members.raise(seat, raise::MARKS_SEEN, value);
            let [.., last] = &mut raises;
            *last = Some(Raise { seat, what: raise::MARKS_SEEN, value });
        }
        let received = raises.iter().flatten().any(|raise| raise.what == raise::RECEIVED);
        self.note_pending(&raises);
        if received {
            self.end_finished(seat);
        }
    }

    /// Keeps the raises for the next round, one per seat and kind.
    fn note_pending(&mut self, raises: &Raises) {
        let chat_bytes = self.chat_id().len();
        let chat = self.chat;
        let acks = &mut self.overlay().more_mut().acks;
        let fresh = acks.is_empty();
        let mut added = if fresh { section_bytes(chat_bytes) } else { 0 };
        let mut replaced = 0;
        for raise in raises.iter().flatten() {
            let same = |r: &&mut Raise| r.seat == raise.seat && r.what == raise.what;
            added += raise_bytes(raise, chat_bytes);
            match acks.iter_mut().find(same) {
                Some(pending) => {
                    replaced += raise_bytes(pending, chat_bytes);
                    pending.value = raise.value;
                }
                None => acks.push(*raise),
            }
        }
        self.pending.bytes = (self.pending.bytes + added).saturating_sub(replaced);
        if fresh {
            self.pending.chats.push(chat);
        }
    }

    /// A closing cursor that has received all it gets vanishes. Its acks are laid out now, so
    /// that those of others judged later cannot slip before them.
    fn end_finished(&mut self, seat: u16) {
        let state = self.state;
        let finished = self.overlay().members(state).is_some_and(|members| {
            let cursor = members.in_seat(seat);
            cursor.is_some_and(|c| c.closing().is_some_and(|end| c.received >= end.leave_seq))
        });
        if finished {
            self.flush_acks();
            self.settle();
            self.overlay().members_mut(state).drop_finished();
        }
    }
}
