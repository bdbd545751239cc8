//! Joins and leaves, on their own and as part of an append; and who is forgotten.

use super::Judge;
use crate::error::Error;
use crate::ladder::Room;
use crate::ops::{JoinAt, Outcome};
use crate::state::cursor::{Closing, HOLES_MAX, JOINED_MAX, Joining, Members};

impl Members {
    /// Whether a closing consumer may come back at `join_seq`: its holes are bounded.
    pub(super) fn check_holes(&self, name: u64, join_seq: u64) -> Result<(), Error> {
        let Some(cursor) = self.find(name) else { return Ok(()) };
        let Some(closing) = cursor.closing() else { return Ok(()) };
        let open = cursor.holes().iter().filter(|&&(_, to)| to > cursor.received).count();
        if join_seq > closing.leave_seq + 1 && open >= HOLES_MAX {
            return Err(Error::Busy { what: "a consumer came back too often without receiving" });
        }
        Ok(())
    }
}

impl Judge<'_> {
    pub(super) fn join(&mut self, name: u64, id: &str, at: JoinAt) -> Result<Outcome, Error> {
        self.settle();
        let state = self.state;
        let overlay = self.overlay();
        let (head_seq, first_seq) = (overlay.head, overlay.floor);
        let answer =
            |join_seq, received| Outcome::Joined { join_seq, received, first_seq, head_seq };
        if let Some(cursor) = overlay.members(state).and_then(|members| members.joined(name)) {
            return Ok(answer(cursor.join_seq, cursor.received));
        }
        let join_seq = match at {
            JoinAt::Head => head_seq + 1,
            JoinAt::First => first_seq,
            JoinAt::Seq(seq) if seq <= head_seq + 1 => seq,
            JoinAt::Seq(_) => return Err(Error::SeqOutOfRange { head_seq }),
        };
        if let Some(members) = overlay.members(state) {
            if members.joined_count() >= JOINED_MAX {
                let limit = JOINED_MAX as u64;
                return Err(Error::TooLarge { what: "consumers of a chat", limit });
            }
            members.check_holes(name, join_seq)?;
        }
        self.refuse_without_room(Room::NoJoins)?;
        self.flush_acks();
        let received = self.join_at(name, id, join_seq);
        Ok(answer(join_seq, received))
    }

    /// Lays out a join unless the consumer is joined; says what it has received.
    pub(super) fn join_at(&mut self, name: u64, consumer_id: &str, join_seq: u64) -> u64 {
        self.settle();
        let state = self.state;
        let overlay = self.overlay();
        let members = overlay.members_mut(state);
        if let Some(cursor) = members.joined(name) {
            return cursor.received;
        }
        let back = members.find(name).map(|cursor| (cursor.seat, cursor.received));
        let (seat, received) = back.unwrap_or_else(|| (members.free_seat(), join_seq - 1));
        let roster = members.roster + 1;
        members.join(&Joining { consumer_id, name, seat, join_seq, received, roster });
        self.lay_out(|writer, chat| {
            writer.join(chat, consumer_id.as_bytes(), seat, [join_seq, received, roster])
        });
        received
    }

    pub(super) fn leave(&mut self, name: u64, join_seq: Option<u64>) -> Result<Outcome, Error> {
        let state = self.state;
        let overlay = self.overlay();
        let leave_seq = overlay.head;
        let cursor = overlay.members(state).and_then(|members| members.joined(name));
        // A late retry of an older leave: a newer membership stays.
        if cursor.is_some_and(|c| join_seq.is_none_or(|join_seq| c.join_seq <= join_seq)) {
            self.flush_acks();
            self.leave_at(name, leave_seq);
        }
        Ok(Outcome::Done)
    }

    /// Lays out a leave unless the consumer is not joined.
    pub(super) fn leave_at(&mut self, name: u64, leave_seq: u64) {
        self.settle();
        let (state, at) = (self.state, self.round.at);
        let members = self.overlay().members_mut(state);
        let Some(seat) = members.joined(name).map(|cursor| cursor.seat) else { return };
        let roster = members.roster + 1;
        members.leave(seat, Closing { leave_seq, at }, roster);
        self.lay_out(|writer, chat| writer.leave(chat, seat, leave_seq, roster));
    }
    /// Lays out that a cursor is erased, unless there is none.
    pub(super) fn forget(&mut self, name: u64) -> Outcome {
        self.settle();
        let state = self.state;
        let found = self.overlay().members(state).and_then(|members| {
            let cursor = members.find(name)?;
            Some((cursor.seat, members.roster + u64::from(cursor.closing().is_none())))
        });
        if let Some((seat, roster)) = found {
            self.flush_acks();
            self.overlay().members_mut(state).forget(seat, roster);
            self.lay_out(|writer, chat| writer.forget(chat, seat, roster));
        }
        Outcome::Done
    }
}
