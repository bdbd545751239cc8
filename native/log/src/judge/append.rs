//! Appends. Order of checks: idempotency, guard, head, roster, sender, room.

use super::Judge;
use crate::error::Error;
use crate::format::effect::{FLAG_PIN, extension, extension_bytes, head_check, raise, record_head};
use crate::format::put;
use crate::ladder::Room;
use crate::ops::Outcome;
use crate::overlay::KeyInFlight;
use crate::pack::AppendTerms;
use crate::planted::{Bug, planted};
use crate::state::cursor::JOINED_MAX;
use crate::state::dedup::Remembered;

impl Judge<'_> {
    /// An append without conditions.
    pub(super) fn plain(&mut self, record: &[u8]) -> Result<Outcome, Error> {
        self.refuse_without_room(Room::NoAppends)?;
        if self.state.members.is_some() || self.state.cold().is_some() {
            self.settle();
        }
        let seq = self.lay_out_record(record, None);
        Ok(Outcome::Appended { seq, at: self.round.at, duplicate: false })
    }

    /// An append with conditions.
    pub(super) fn append(&mut self, terms: &AppendTerms, record: &[u8]) -> Result<Outcome, Error> {
        self.settle();
        if planted(Bug::GuardBeforeDedup) {
            self.check_conditions(terms)?;
        }
        if let Some(first) = self.first_of(terms)? {
            return Ok(Outcome::Appended { seq: first.seq, at: first.at, duplicate: true });
        }
        self.check_conditions(terms)?;
        self.check_sender(terms)?;
        self.check_joins(terms)?;
        self.refuse_without_room(Room::NoAppends)?;

        let seq = self.overlay().head + 1;
        if !terms.join.is_empty() || !terms.leave.is_empty() {
            self.flush_acks();
        }
        for (name, consumer_id) in &terms.join {
            self.join_at(*name, consumer_id, seq);
        }
        let seat = self.raise_sender(terms, seq);
        let laid_out = self.lay_out_record(record, seat);
        debug_assert_eq!(laid_out, seq, "joins and raises add no record");
        self.remember(terms, seq);
        for name in &terms.leave {
            self.leave_at(*name, seq);
        }
        Ok(Outcome::Appended { seq, at: self.round.at, duplicate: false })
    }

    /// The append that was accepted under this key, if it is remembered.
    fn first_of(&mut self, terms: &AppendTerms) -> Result<Option<Remembered>, Error> {
        let (Some(sender), Some(hashes)) = (terms.sender, terms.dedup) else { return Ok(None) };
        let (state, depth) = (self.state, self.context.dedup_depth);
        let Some(first) = self.overlay().remembered(state, sender, hashes.key, depth) else {
            return Ok(None);
        };
        if first.hashes.payload != hashes.payload {
            return Err(Error::DedupConflict { seq: first.seq, at: first.at });
        }
        Ok(Some(first))
    }

    fn check_conditions(&mut self, terms: &AppendTerms) -> Result<(), Error> {
        let state = self.state;
        let overlay = self.overlay();
        let head_seq = overlay.head;
        if let Some((expected, _)) = terms.guard
            && expected != overlay.guard
        {
            return Err(Error::GuardConflict { current: overlay.guard, head_seq });
        }
        if terms.if_head.is_some_and(|head| head != head_seq) {
            return Err(Error::HeadConflict { head_seq });
        }
        let roster = overlay.members(state).map_or(0, |members| members.roster);
        if terms.if_roster.is_some_and(|expected| expected != roster) {
            return Err(Error::RosterStale { roster });
        }
        Ok(())
    }

    fn check_sender(&mut self, terms: &AppendTerms) -> Result<(), Error> {
        let (Some(consumer_id), Some(name)) = (&terms.sender_as, terms.sender) else {
            return Ok(());
        };
        let joins_here = terms.join.iter().any(|(joining, _)| *joining == name);
        let state = self.state;
        let members = self.overlay().members(state);
        if joins_here || members.is_some_and(|members| members.joined(name).is_some()) {
            return Ok(());
        }
        Err(Error::NotJoined { consumer_id: consumer_id.to_string() })
    }

    fn check_joins(&mut self, terms: &AppendTerms) -> Result<(), Error> {
        if terms.join.is_empty() {
            return Ok(());
        }
        let (state, seq) = (self.state, self.overlay().head + 1);
        let Some(members) = self.overlay().members(state) else { return Ok(()) };
        let mut joined = members.joined_count();
        for (place, (name, _)) in terms.join.iter().enumerate() {
            let again = terms.join.iter().take(place).any(|(earlier, _)| earlier == name);
            if again || members.joined(*name).is_some() {
                continue;
            }
            members.check_holes(*name, seq)?;
            joined += 1;
        }
        if joined > JOINED_MAX {
            return Err(Error::TooLarge { what: "consumers of a chat", limit: JOINED_MAX as u64 });
        }
        Ok(())
    }

    /// What the record says of a sender that is joined: his seat, and whether he received it by
    /// having written it.
    fn raise_sender(&mut self, terms: &AppendTerms, seq: u64) -> Option<(u16, bool)> {
        terms.sender_as.as_ref()?;
        let state = self.state;
        let overlay = self.overlay();
        let cursor = overlay.members(state)?.joined(terms.sender?)?;
        let (seat, raises) = (cursor.seat, cursor.received + 1 == seq);
        if raises {
            overlay.members_mut(state).raise(seat, raise::RECEIVED, seq);
        }
        Some((seat, raises))
    }

    fn remember(&mut self, terms: &AppendTerms, seq: u64) {
        let at = self.round.at;
        let overlay = self.overlay();
        if let Some((_, next)) = terms.guard {
            overlay.guard = next;
        }
        if let (Some(sender), Some(hashes)) = (terms.sender, terms.dedup) {
            let append = Remembered { hashes, seq, at };
            overlay.more_mut().keys.push(KeyInFlight { sender, append });
        }
    }

    /// Copies the record and fills in what the order decided; says its seq.
    #[inline]
    fn lay_out_record(&mut self, record: &[u8], seat: Option<(u16, bool)>) -> u64 {
        let overlay = self.overlays.begin(self.chat, self.state);
        let seq = overlay.head + 1;
        let start = self.round.bytes.len();
        self.round.bytes.extend_from_slice(record);
        let at = self.round.at;
        let bits = record.get(record_head::EXTENSIONS).copied().unwrap_or_default();
        let head_bytes = record_head::SIZE + extension_bytes(bits);
        let Some(head) = self.round.bytes.get_mut(start..start + head_bytes) else {
            unreachable!("a packed record holds its head");
        };
        put(head, record_head::SEQ, &seq.to_le_bytes());
        put(head, record_head::AT, &at.to_le_bytes());
        if let Some((seat, raises)) = seat {
            let place = head_bytes - extension::SEAT_BYTES;
            put(head, place, &seat.to_le_bytes());
            put(head, place + 2, &[u8::from(raises)]);
        }
        let check = head_check(head);
        put(head, record_head::HEAD_CHECK, &check.to_le_bytes());
        let pins = head.get(record_head::FLAGS).is_some_and(|flags| flags & FLAG_PIN != 0);
        let plain = bits == 0 && !pins;
        self.round.note_record(self.chat, start, head_bytes, if plain { seq } else { 0 });
        overlay.head = seq;
        overlay.weigh(self.state, self.context.retention, seq, record.len() as u64);
        overlay.placed_in(self.round.number);
        if pins {
            overlay.more_mut().pinned = Some(Some((seq, false)));
        }
        seq
    }
}
