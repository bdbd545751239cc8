//! What callers submitted and the committer has not judged: one queue per caller, drained round
//! robin, so that one caller's burst does not hold up the others.

use std::collections::{HashMap, VecDeque};

use crate::hash::ChatKey;
use crate::ops::Ticket;
use crate::pack::{Packed, PackedOperation};

/// Bytes a caller may have judged before it is the next one's turn.
const TURN_BYTES: u64 = 256 << 10;

struct Caller {
    id: u32,
    next_number: u64,
    buffers: VecDeque<Waiting>,
}

/// Packed operations of one caller.
struct Waiting {
    packed: Packed,
    /// How many of them are judged.
    judged: usize,
    /// Number of the first that is not.
    number: u64,
}

/// See the module.
#[derive(Default)]
pub(crate) struct Queue {
    callers: Vec<Caller>,
    place_of: HashMap<u32, usize>,
    turn: usize,
    turn_bytes: u64,
    /// Bytes of all buffers that are not wholly judged.
    bytes: u64,
    emptied: Vec<Packed>,
}

impl Queue {
    pub fn bytes(&self) -> u64 {
        self.bytes
    }

    pub fn is_empty(&self) -> bool {
        self.bytes == 0
    }

    /// Enqueues; returns the ticket of the first operation.
    pub fn push(&mut self, caller: u32, packed: Packed) -> Ticket {
        let asking = self.caller_mut(caller);
        let number = asking.next_number;
        asking.next_number += packed.len() as u64;
        if packed.is_empty() {
            self.emptied.push(packed);
        } else {
            let bytes = packed.bytes();
            asking.buffers.push_back(Waiting { packed, judged: 0, number });
            self.bytes += bytes;
        }
        Ticket { caller, number }
    }

    /// The caller gave its next number to something that is not for the log.
    pub fn skip(&mut self, caller: u32) {
        self.caller_mut(caller).next_number += 1;
    }

    fn caller_mut(&mut self, caller: u32) -> &mut Caller {
        let callers = &mut self.callers;
        let place = *self.place_of.entry(caller).or_insert_with(|| {
            callers.push(Caller { id: caller, next_number: 0, buffers: VecDeque::new() });
            callers.len() - 1
        });
        let Some(asking) = self.callers.get_mut(place) else { unreachable!("just found") };
        asking
    }

    /// Makes it the turn of a caller that has something, beginning with the one whose turn it is.
    pub fn select(&mut self) {
        let count = self.callers.len();
        let has_some = |&place: &usize| {
            self.callers.get(place).is_some_and(|caller| !caller.buffers.is_empty())
        };
        if self.is_empty() || has_some(&self.turn) {
            return;
        }
        let place = (1..count).map(|step| (self.turn + step) % count).find(has_some);
        self.turn = place.unwrap_or(self.turn);
        self.turn_bytes = 0;
    }

    /// The next operation of the selected caller, its record or chatId, and its ticket.
    pub fn peek(&self) -> Option<(&PackedOperation, &[u8], Ticket)> {
        let caller = self.callers.get(self.turn)?;
        let Waiting { packed, judged, number } = caller.buffers.front()?;
        let operation = packed.operations.get(*judged)?;
        let start = operation.start as usize;
        let bytes = packed.bytes.get(start..start + operation.length as usize)?;
        Some((operation, bytes, Ticket { caller: caller.id, number: *number }))
    }

    /// Shows the keys of up to `most` operations that come next; says how many.
    pub fn ahead(&self, most: usize, mut show: impl FnMut(ChatKey)) -> usize {
        let front = self.callers.get(self.turn).and_then(|caller| caller.buffers.front());
        let Some(Waiting { packed, judged, .. }) = front else { return 0 };
        let next = packed.operations.get(*judged..).unwrap_or_default();
        let next = next.get(..most.min(next.len())).unwrap_or_default();
        next.iter().for_each(|operation| show(operation.key));
        next.len()
    }

    /// The operation last peeked at is judged.
    pub fn advance(&mut self) {
        let count = self.callers.len();
        let Some(caller) = self.callers.get_mut(self.turn) else { return };
        let Some(Waiting { packed, judged, number }) = caller.buffers.front_mut() else { return };
        let bound = packed.operations.get(*judged).map_or(0, |operation| operation.bound);
        self.turn_bytes += u64::from(bound);
        *judged += 1;
        *number += 1;
        if *judged == packed.len()
            && let Some(Waiting { mut packed, .. }) = caller.buffers.pop_front()
        {
            self.bytes -= packed.bytes();
            packed.clear();
            self.emptied.push(packed);
        }
        if self.turn_bytes >= TURN_BYTES {
            self.turn = (self.turn + 1) % count;
            self.turn_bytes = 0;
        }
    }

    /// An emptied buffer to pack into again.
    pub fn take_emptied(&mut self) -> Option<Packed> {
        self.emptied.pop()
    }

    /// Drops everything that is not judged and returns its tickets (the store is poisoned).
    pub fn drain(&mut self) -> Vec<Ticket> {
        let mut tickets = Vec::new();
        for caller in &mut self.callers {
            for Waiting { packed, judged, number } in caller.buffers.drain(..) {
                let numbers = number..number + (packed.len() - judged) as u64;
                tickets.extend(numbers.map(|number| Ticket { caller: caller.id, number }));
            }
        }
        self.bytes = 0;
        tickets
    }
}
