//! Acks: a cursor rises in the overlay at once, and on disk with the next round.

use super::{Judge, ack_bytes};
use crate::error::Error;
use crate::format::effect::{Raise, raise};
use crate::ops::Outcome;
use crate::pack::AckTerms;

impl Judge<'_> {
    pub(super) fn ack(&mut self, terms: &AckTerms) -> Result<Outcome, Error> {
        let state = self.state;
        let now = self.context.retention_now;
        let store = self.context.retention;
        let overlay = self.overlay();
        let max_age_ms = overlay.retention(state, store).max_age_ms;
        let found = overlay.members(state).and_then(|members| {
            let cursor = members.find(terms.name).filter(|c| !c.ended(max_age_ms, now))?;
            Some((cursor.clone(), members.marks_version))
        });
        let Some((cursor, version)) = found else {
            return Err(Error::NotJoined { consumer_id: terms.consumer_id.to_string() });
        };
        let last = cursor.last_seq(state.head);
        let values = [terms.received, terms.delivered, terms.read];
        if values.iter().flatten().any(|&value| value > last) {
            return Err(Error::SeqOutOfRange { head_seq: last });
        }
        let mut raises: Vec<Raise> = Vec::with_capacity(4);
        let current = [cursor.received, cursor.delivered(), cursor.read];
        let kinds = [raise::RECEIVED, raise::DELIVERED, raise::READ];
        for ((value, current), what) in values.into_iter().zip(current).zip(kinds) {
            if let Some(value) = value.filter(|&value| value > current) {
                raises.push(Raise { seat: cursor.seat, what, value });
            }
        }
        self.raise(&cursor, version, raises, terms.marks_seen);
        Ok(Outcome::Acked)
    }

    fn raise(
        &mut self,
        before: &crate::state::cursor::Cursor,
        version: u32,
        mut raises: Vec<Raise>,
        seen: Option<u32>,
    ) {
        let seat = before.seat;
        let seen = seen.map_or(before.marks_seen, |seen| seen.min(version).max(before.marks_seen));
        if raises.is_empty() && seen == before.marks_seen {
            return;
        }
        let state = self.state;
        let members = self.overlay().members_mut(state);
        for raise in &raises {
            members.raise(seat, raise.what, raise.value);
        }
        let after = members.find(before.name).map_or(before.visible(), |c| c.visible());
        let mut marks_seen = seen;
        if after != before.visible() {
            members.marks_version = version.saturating_add(1);
            // Who was up to date stays so: a device does not wait for its own marks.
            if seen == version {
                marks_seen = members.marks_version;
            }
        }
        if marks_seen != before.marks_seen {
            let value = u64::from(marks_seen);
            members.raise(seat, raise::MARKS_SEEN, value);
            raises.push(Raise { seat, what: raise::MARKS_SEEN, value });
        }
        let received = raises.iter().any(|raise| raise.what == raise::RECEIVED);
        self.note_pending(&raises);
        if received {
            self.end_finished(seat);
        }
    }

    /// Keeps the raises for the next round, one per seat and kind.
    fn note_pending(&mut self, raises: &[Raise]) {
        let chat_bytes = self.chat_id().len();
        let chat = self.chat;
        let acks = &mut self.overlay().more_mut().acks;
        let fresh = acks.is_empty();
        let bytes_before = if fresh { 0 } else { ack_bytes(acks, chat_bytes) };
        for raise in raises {
            let same = |r: &&mut Raise| r.seat == raise.seat && r.what == raise.what;
            match acks.iter_mut().find(same) {
                Some(pending) => pending.value = raise.value,
                None => acks.push(*raise),
            }
        }
        let bytes_after = ack_bytes(acks, chat_bytes);
        self.pending.bytes += bytes_after.saturating_sub(bytes_before);
        if fresh {
            self.pending.chats.push(chat);
        }
    }

    /// A closing cursor that has received all it gets vanishes. Its acks are laid out now, so
    /// that those of others judged later cannot slip before them.
    fn end_finished(&mut self, seat: u16) {
        let state = self.state;
        let finished = self.overlay().members(state).is_some_and(|members| {
            let cursor = members.cursors.iter().find(|cursor| cursor.seat == seat);
            cursor.is_some_and(|c| c.closing().is_some_and(|end| c.received >= end.leave_seq))
        });
        if finished {
            self.flush_acks();
            self.settle();
            self.overlay().members_mut(state).drop_finished();
        }
    }
}
