//! Cursors of one chat: who holds what. The same code raises the durable cursors and the judged
//! ones of the overlay, so that what was promised is what is applied.
//!
//! Invariants: `received`, `delivered`, `read` and `marks_seen` only grow; none raises another;
//! a seat names one cursor while it lives; `roster` grows by one with each change of the set.

use std::sync::Arc;

use super::age::is_older;
use crate::format::effect::raise;
use crate::planted::{Bug, planted};

/// Joined consumers a chat may have; closing ones are not counted.
pub(crate) const JOINED_MAX: usize = 1024;

/// Holes a cursor may have: ranges it will not get because it was not joined.
pub(crate) const HOLES_MAX: usize = 8;

/// Cursors of a small chat.
const FEW: usize = 8;

/// A leaver's last duty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Closing {
    /// Last seq it gets.
    pub leave_seq: u64,
    /// When it left.
    pub at: u64,
}

/// The id of a consumer; all its cursors in RAM share it. A thin pointer: the string is a step away.
pub(crate) type ConsumerId = Arc<Box<str>>;

/// One consumer's place in one chat. There are more of them than of anything else in RAM.
#[derive(Clone, Debug)]
pub(crate) struct Cursor {
    pub consumer_id: ConsumerId,
    /// Keyed hash of the consumer id.
    pub name: u64,
    pub received: u64,
    pub read: u64,
    pub join_seq: u64,
    rare: Option<Box<Rare>>,
    pub marks_seen: u32,
    pub seat: u16,
    /// Which rows the inbox tables have of it here: bits of `inbox::listed`.
    pub listed: u8,
}

const _: () = assert!(size_of::<Cursor>() == 56, "see `docs/benchmarks.md`, row 10");

/// What most cursors have not.
#[derive(Clone, Debug, Default)]
struct Rare {
    delivered: u64,
    closing: Option<Closing>,
    holes: Vec<(u64, u64)>,
}

impl Cursor {
    /// A cursor that never closed, and that nobody but its seat tells from others.
    pub fn new(consumer_id: ConsumerId, name: u64, seat: u16) -> Self {
        Self {
            consumer_id,
            name,
            received: 0,
            read: 0,
            join_seq: 0,
            rare: None,
            marks_seen: 0,
            seat,
            listed: 0,
        }
    }

    pub fn delivered(&self) -> u64 {
        self.rare.as_ref().map_or(0, |rare| rare.delivered)
    }

    pub fn set_delivered(&mut self, delivered: u64) {
        if delivered != self.delivered() {
            self.rare_mut().delivered = delivered;
        }
    }

    /// A leaver's last duty, if it left.
    pub fn closing(&self) -> Option<Closing> {
        self.rare.as_ref().and_then(|rare| rare.closing)
    }

    pub fn set_closing(&mut self, closing: Option<Closing>) {
        if closing != self.closing() {
            self.rare_mut().closing = closing;
        }
    }

    /// Ranges it will not get; inclusive.
    pub fn holes(&self) -> &[(u64, u64)] {
        self.rare.as_ref().map(|rare| rare.holes.as_slice()).unwrap_or_default()
    }

    pub fn set_holes(&mut self, holes: Vec<(u64, u64)>) {
        if holes != self.holes() {
            self.rare_mut().holes = holes;
        }
    }

    fn rare_mut(&mut self) -> &mut Rare {
        self.rare.get_or_insert_default()
    }

    /// Whether a closing cursor has ended by age. All it could still get has expired by then,
    /// so that its end moves no floor.
    pub fn ended(&self, max_age_ms: u64, retention_now: u64) -> bool {
        self.closing().is_some_and(|closing| is_older(closing.at, max_age_ms, retention_now))
    }

    /// Last seq it will get when the head is `head`.
    pub fn last_seq(&self, head: u64) -> u64 {
        self.closing().map_or(head, |closing| closing.leave_seq)
    }

    /// What others see of it: the delivered tick and the read tick.
    pub fn visible(&self) -> (u64, u64) {
        (self.received.max(self.delivered()).max(self.read), self.read)
    }
}

/// All cursors of a chat.
#[derive(Clone, Debug, Default)]
pub(crate) struct Members {
    pub roster: u64,
    /// Raised by each change of marks that others may see.
    pub marks_version: u32,
    pub cursors: Vec<Cursor>,
    /// Who lost his cursor since the last seal, by name, and which rows the inbox tables have.
    pub gone: Vec<(u64, u8)>,
}

/// Where and how a consumer joins.
pub(crate) struct Joining<'a> {
    pub consumer_id: &'a str,
    pub name: u64,
    pub seat: u16,
    pub join_seq: u64,
    pub received: u64,
    pub roster: u64,
}

impl Members {
    pub fn find(&self, name: u64) -> Option<&Cursor> {
        self.cursors.iter().find(|cursor| cursor.name == name)
    }

    /// The cursor with this seat.
    pub fn in_seat(&self, seat: u16) -> Option<&Cursor> {
        self.cursors.get(self.place_of(seat)?)
    }

    fn in_seat_mut(&mut self, seat: u16) -> Option<&mut Cursor> {
        let place = self.place_of(seat)?;
        self.cursors.get_mut(place)
    }

    /// Where nobody has left, each cursor lies at the place that its seat names.
    fn place_of(&self, seat: u16) -> Option<usize> {
        let named = usize::from(seat);
        let has_seat = |cursor: &Cursor| cursor.seat == seat;
        if self.cursors.get(named).is_some_and(has_seat) {
            return Some(named);
        }
        self.cursors.iter().position(has_seat)
    }

    /// The cursor of a consumer that is joined, not closing.
    pub fn joined(&self, name: u64) -> Option<&Cursor> {
        self.find(name).filter(|cursor| cursor.closing().is_none())
    }

    pub fn joined_count(&self) -> usize {
        self.cursors.iter().filter(|cursor| cursor.closing().is_none()).count()
    }

    /// The lowest free seat.
    pub fn free_seat(&self) -> u16 {
        let mut seats: Vec<u16> = self.cursors.iter().map(|cursor| cursor.seat).collect();
        seats.sort_unstable();
        let mut free = 0;
        for seat in seats {
            if seat != free {
                break;
            }
            free += 1;
        }
        free
    }

    /// Takes in a new consumer, or takes back a closing one, who keeps what it received.
    pub fn join(&mut self, joining: &Joining<'_>) {
        self.roster = joining.roster;
        if let Some(cursor) = self.cursors.iter_mut().find(|c| c.name == joining.name) {
            if let Some(closing) = cursor.closing() {
                let left = cursor.holes().iter().filter(|(_, to)| *to > cursor.received);
                let mut holes: Vec<(u64, u64)> = left.copied().collect();
                if joining.join_seq > closing.leave_seq + 1 {
                    holes.push((closing.leave_seq + 1, joining.join_seq - 1));
                }
                cursor.set_holes(holes);
                cursor.set_closing(None);
                cursor.join_seq = joining.join_seq;
            }
            return;
        }
        let gone = self.gone.iter().position(|&(name, _)| name == joining.name);
        let listed = gone.map_or(0, |place| self.gone.swap_remove(place).1);
        let id = Arc::new(Box::from(joining.consumer_id));
        self.push(Cursor {
            listed,
            marks_seen: self.marks_version,
            join_seq: joining.join_seq,
            received: joining.received,
            ..Cursor::new(id, joining.name, joining.seat)
        });
    }

    /// Adds a cursor. Few cursors have no room beside them: most chats stay as small as they are.
    pub fn push(&mut self, cursor: Cursor) {
        if self.cursors.len() < FEW {
            self.cursors.reserve_exact(1);
        }
        self.cursors.push(cursor);
    }

    /// The cursor of this name has its id from `shared` from now on.
    pub fn share_id(&mut self, name: u64, shared: impl FnOnce(&ConsumerId) -> ConsumerId) {
        if let Some(cursor) = self.cursors.iter_mut().find(|cursor| cursor.name == name) {
            cursor.consumer_id = shared(&cursor.consumer_id);
        }
    }

    /// Turns a cursor that is behind into a closing one; one that is not vanishes.
    pub fn leave(&mut self, seat: u16, closing: Closing, roster: u64) {
        self.roster = roster;
        if let Some(cursor) = self.in_seat_mut(seat) {
            cursor.set_closing(Some(closing));
        }
        self.drop_finished();
    }

    /// Erases a cursor, whatever it still holds; its seat is free again.
    pub fn forget(&mut self, seat: u16, roster: u64) {
        self.roster = roster;
        self.keep(|cursor| cursor.seat != seat);
    }

    /// Erases every cursor.
    pub fn clear(&mut self, roster: u64) {
        self.roster = roster;
        self.keep(|_| false);
    }

    /// Drops cursors, remembering them, and which rows of them the inbox tables have, until the
    /// next seal.
    fn keep(&mut self, stays: impl Fn(&Cursor) -> bool) {
        let gone = &mut self.gone;
        self.cursors.retain(|cursor| {
            let stays = stays(cursor);
            if !stays {
                gone.push((cursor.name, cursor.listed));
            }
            stays
        });
    }

    /// Raises one value of one cursor; a value below it is a late duplicate and changes nothing.
    pub fn raise(&mut self, seat: u16, what: u8, value: u64) {
        let version = self.marks_version;
        let Some(cursor) = self.in_seat_mut(seat) else { return };
        let regress = planted(Bug::CursorRegress);
        let raise_to = |mark: &mut u64| *mark = if regress { value } else { value.max(*mark) };
        match what {
            raise::RECEIVED => raise_to(&mut cursor.received),
            raise::DELIVERED => {
                let mut delivered = cursor.delivered();
                raise_to(&mut delivered);
                cursor.set_delivered(delivered);
            }
            raise::READ => {
                raise_to(&mut cursor.read);
                if planted(Bug::ReadMarkRaisesReceived) {
                    cursor.received = cursor.received.max(value);
                }
            }
            _ => {
                let seen = u32::try_from(value).unwrap_or(u32::MAX).min(version);
                cursor.marks_seen = cursor.marks_seen.max(seen);
            }
        }
    }

    /// The inbox tables have these rows now. Says who has neither a cursor nor rows any more.
    pub fn note_listed(&mut self, listed: &[(u64, u8)]) -> Vec<u64> {
        let mut vanished = Vec::new();
        for &(name, rows) in listed {
            if let Some(cursor) = self.cursors.iter_mut().find(|cursor| cursor.name == name) {
                cursor.listed = rows;
                continue;
            }
            self.gone.retain(|&(gone, _)| gone != name);
            self.gone.push((name, rows));
        }
        self.gone.retain(|&(name, rows)| {
            if rows == 0 {
                vanished.push(name);
            }
            rows != 0
        });
        vanished
    }

    /// Removes closing cursors that have received all they get; their seats are free again.
    pub fn drop_finished(&mut self) {
        self.keep(|cursor| {
            cursor.closing().is_none_or(|closing| cursor.received < closing.leave_seq)
        });
    }

    /// Removes closing cursors that ended by age.
    pub fn drop_ended(&mut self, max_age_ms: u64, retention_now: u64) {
        if self.cursors.iter().any(|cursor| cursor.ended(max_age_ms, retention_now)) {
            self.keep(|cursor| !cursor.ended(max_age_ms, retention_now));
        }
    }

    /// The least `received` of those who hold, if anybody does.
    pub fn received_least(&self, max_age_ms: u64, retention_now: u64) -> Option<u64> {
        let holders = self.cursors.iter().filter(|cursor| !cursor.ended(max_age_ms, retention_now));
        holders.map(|cursor| cursor.received).min()
    }
}
