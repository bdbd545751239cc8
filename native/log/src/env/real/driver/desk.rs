//! Hands answers to callers: one call per round and caller, each operation settled exactly once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::CompletionSink;
use super::inbox::Inbox;
use super::window::Window;
use crate::error::Error;
use crate::ops::{Completion, Outcome, Ticket};

/// One caller number.
#[derive(Default)]
struct Seat {
    window: Window,
    sink: Option<Arc<dyn CompletionSink>>,
    /// Answers on their way to the sink; re-used.
    outgoing: Vec<Completion>,
}

/// See the module. Owned by the committer.
#[derive(Default)]
pub(super) struct Desk {
    seats: Vec<Seat>,
    /// Callers that are gone, with operations outstanding.
    leaving: Vec<u32>,
}

impl Desk {
    pub(super) fn arrive(&mut self, caller: u32, sink: Arc<dyn CompletionSink>) {
        let index = caller as usize;
        if index >= self.seats.len() {
            self.seats.resize_with(index + 1, Seat::default);
        }
        self.seat(caller).sink = Some(sink);
    }

    pub(super) fn depart(&mut self, caller: u32, inbox: &Inbox) {
        self.leaving.push(caller);
        self.free(inbox);
    }

    /// Operations were submitted.
    pub(super) fn enroll(&mut self, caller: u32, count: u64, bytes: u64) {
        self.seat(caller).window.enroll(count, bytes);
    }

    /// Gives each answer to its caller.
    ///
    /// # Panics
    /// On an answer to what is not outstanding: the log would be wrong about what it did.
    pub(super) fn deliver(&mut self, mut completions: Vec<Completion>, inbox: &Inbox) {
        let Some(first) = completions.first().map(|completion| completion.ticket.caller) else {
            return;
        };
        let (mut only, given) = (true, completions.len());
        completions.retain(|Completion { ticket, .. }| {
            only &= ticket.caller == first;
            self.seat(ticket.caller).window.settle(ticket.number)
        });
        let wrong = given - completions.len();
        // Released before anyone is told: who submits on hearing must find room.
        inbox.release(self.seats.iter_mut().map(|seat| seat.window.release()).sum());
        if only {
            if let Some(sink) = self.seat(first).sink.clone() {
                sink.complete(&mut completions);
            }
        } else {
            for completion in completions {
                self.seat(completion.ticket.caller).outgoing.push(completion);
            }
            self.seats.iter_mut().for_each(Seat::send);
        }
        self.free(inbox);
        assert!(wrong == 0, "{wrong} answers to what is not outstanding");
    }

    /// Settles all that is outstanding with `error`; a sink that panics harms no other.
    pub(super) fn fail_all(&mut self, error: &Error, inbox: &Inbox) {
        for (caller, seat) in (0..).zip(&mut self.seats) {
            let numbers: Vec<u64> = seat.window.outstanding().collect();
            for number in numbers {
                seat.window.settle(number);
                let outcome = Outcome::Failed(Box::new(error.clone()));
                let ticket = Ticket { caller, number };
                seat.outgoing.push(Completion { ticket, outcome });
            }
            inbox.release(seat.window.release());
            let _ = catch_unwind(AssertUnwindSafe(|| seat.send()));
        }
        self.free(inbox);
    }

    /// Whether nothing is outstanding.
    pub(super) fn is_clear(&self) -> bool {
        self.seats.iter().all(|seat| seat.window.is_clear())
    }

    fn seat(&mut self, caller: u32) -> &mut Seat {
        self.seats.get_mut(caller as usize).expect("the caller has arrived")
    }

    fn free(&mut self, inbox: &Inbox) {
        let seats = &mut self.seats;
        self.leaving.retain(|&caller| {
            let Some(seat) = seats.get_mut(caller as usize) else { return false };
            if !seat.window.is_clear() {
                return true;
            }
            seat.sink = None;
            seat.outgoing = Vec::new();
            inbox.free(caller);
            false
        });
    }
}

impl Seat {
    fn send(&mut self) {
        if self.outgoing.is_empty() {
            return;
        }
        // Kept by what follows: a sink that panics is not told the same again.
        let mut outgoing = std::mem::take(&mut self.outgoing);
        if let Some(sink) = &self.sink {
            sink.complete(&mut outgoing);
        }
        outgoing.clear();
        self.outgoing = outgoing;
    }
}
