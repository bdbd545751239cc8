//! Hands answers to callers: one call per round and caller, each operation settled exactly once.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use super::CompletionSink;
use super::intake::Intake;
use super::outstanding::Outstanding;
use crate::error::Error;
use crate::news::{AttachmentId, Ring};
use crate::ops::{Completion, Outcome, Ticket};

/// One caller number.
#[derive(Default)]
struct CallerState {
    outstanding: Outstanding,
    sink: Option<Arc<dyn CompletionSink>>,
    /// Answers on their way to the sink; re-used.
    outgoing: Vec<Completion>,
}

/// See the module. Owned by the committer.
#[derive(Default)]
pub(super) struct Desk {
    callers: Vec<CallerState>,
    /// Callers that are gone, with operations outstanding.
    leaving: Vec<u32>,
}

impl Desk {
    pub(super) fn arrive(&mut self, caller: u32, sink: Arc<dyn CompletionSink>) {
        let index = caller as usize;
        if index >= self.callers.len() {
            self.callers.resize_with(index + 1, CallerState::default);
        }
        self.caller_state(caller).sink = Some(sink);
    }

    pub(super) fn depart(&mut self, caller: u32, intake: &Intake) {
        self.leaving.push(caller);
        self.free(intake);
    }

    /// Operations were submitted.
    pub(super) fn enroll(&mut self, caller: u32, count: u64, bytes: u64) {
        self.caller_state(caller).outstanding.enroll(count, bytes);
    }

    /// Number that a caller's next operation gets.
    pub(super) fn next_number(&self, caller: u32) -> u64 {
        self.callers.get(caller as usize).map_or(0, |caller| caller.outstanding.next())
    }

    /// The same of every caller number.
    pub(super) fn next_numbers(&self) -> Vec<u64> {
        self.callers.iter().map(|caller| caller.outstanding.next()).collect()
    }

    /// Whether every operation below these numbers is settled.
    pub(super) fn has_settled(&self, numbers: &[u64]) -> bool {
        let callers = self.callers.iter().zip(numbers);
        callers.into_iter().all(|(caller, before)| caller.outstanding.settled_end() >= *before)
    }

    /// Gives each answer to its caller, and leaves `completions` empty.
    ///
    /// # Panics
    /// On an answer to what is not outstanding: the log would be wrong about what it did.
    pub(super) fn deliver(&mut self, completions: &mut Vec<Completion>, intake: &Intake) {
        let Some(first) = completions.first().map(|completion| completion.ticket.caller) else {
            return;
        };
        let (mut only, given) = (true, completions.len());
        completions.retain(|Completion { ticket, .. }| {
            only &= ticket.caller == first;
            self.caller_state(ticket.caller).outstanding.settle(ticket.number)
        });
        let wrong = given - completions.len();
        // Released before anyone is told: who submits on hearing must be admitted.
        intake.release(
            self.callers.iter_mut().map(|caller_state| caller_state.outstanding.release()).sum(),
        );
        if only {
            if let Some(sink) = self.caller_state(first).sink.clone() {
                sink.complete(completions);
            }
            completions.clear();
        } else {
            for completion in completions.drain(..) {
                self.caller_state(completion.ticket.caller).outgoing.push(completion);
            }
            self.callers.iter_mut().for_each(CallerState::send);
        }
        self.free(intake);
        assert!(wrong == 0, "{wrong} answers to what is not outstanding");
    }

    /// Rings attachments, one call per caller. Those of a caller that has not arrived yet stay in
    /// `rings`: it arrives before the next look.
    pub(super) fn ring(&mut self, rings: &mut Vec<Ring>) {
        rings.sort_unstable_by_key(|ring| ring.owner);
        let mut late = Vec::new();
        let mut ids = Vec::new();
        while let Some(owner) = rings.last().map(|ring| ring.owner) {
            let from = rings.partition_point(|ring| ring.owner < owner);
            let sink = self.callers.get(owner as usize).and_then(|caller| caller.sink.clone());
            let Some(sink) = sink else {
                late.extend(rings.drain(from..));
                continue;
            };
            ids.clear();
            ids.extend(rings.drain(from..).map(|ring| ring.attachment));
            sink.news(&mut ids);
        }
        rings.append(&mut late);
    }

    /// Rings this attachment of every caller.
    pub(super) fn ring_all(&mut self, attachment: AttachmentId) {
        for sink in self.callers.iter().filter_map(|caller| caller.sink.as_ref()) {
            sink.news(&mut vec![attachment]);
        }
    }

    /// Settles all that is outstanding with `error`; a sink that panics harms no other.
    pub(super) fn fail_all(&mut self, error: &Error, intake: &Intake) {
        for (caller, caller_state) in (0..).zip(&mut self.callers) {
            let numbers: Vec<u64> = caller_state.outstanding.numbers().collect();
            for number in numbers {
                caller_state.outstanding.settle(number);
                let outcome = Outcome::Failed(Box::new(error.clone()));
                let ticket = Ticket { caller, number };
                caller_state.outgoing.push(Completion { ticket, outcome });
            }
            intake.release(caller_state.outstanding.release());
            let _ = catch_unwind(AssertUnwindSafe(|| caller_state.send()));
        }
        self.free(intake);
    }

    /// Whether nothing is outstanding.
    pub(super) fn is_clear(&self) -> bool {
        self.callers.iter().all(|caller_state| caller_state.outstanding.is_clear())
    }

    fn caller_state(&mut self, caller: u32) -> &mut CallerState {
        self.callers.get_mut(caller as usize).expect("the caller has arrived")
    }

    fn free(&mut self, intake: &Intake) {
        let callers = &mut self.callers;
        self.leaving.retain(|&caller| {
            let Some(caller_state) = callers.get_mut(caller as usize) else { return false };
            if !caller_state.outstanding.is_clear() {
                return true;
            }
            caller_state.sink = None;
            caller_state.outgoing = Vec::new();
            intake.free(caller);
            false
        });
    }
}

impl CallerState {
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
