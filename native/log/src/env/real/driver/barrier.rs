//! Barriers: tickets that are answered when everything submitted before is settled and every ack
//! applied by then is durable.
//!
//! A barrier passes three stages, and the oldest goes first: the operations submitted before it
//! are settled; then no judged ack is left outside of a round; then the last round that was
//! assembled by then is durable. Invariant: nothing waits for a barrier but who asked for it.

use std::collections::VecDeque;

use super::desk::Desk;
use crate::Log;
use crate::ops::{Completion, Outcome, Ticket};

/// One barrier.
struct Barrier {
    ticket: Ticket,
    /// What was submitted before it: per caller number one past its last operation.
    before: Vec<u64>,
    /// The round that must be durable; none while acks or operations are waited for.
    round: Option<u64>,
}

/// Those that are not answered yet, oldest first.
#[derive(Default)]
pub(super) struct Barriers {
    waiting: VecDeque<Barrier>,
}

impl Barriers {
    /// Takes in a barrier that `desk` is about to enroll.
    pub(super) fn add(&mut self, caller: u32, desk: &Desk) {
        let ticket = Ticket { caller, number: desk.next_number(caller) };
        self.waiting.push_back(Barrier { ticket, before: desk.next_numbers(), round: None });
    }

    /// Goes on with the oldest, whose answers go to `into`; says whether anything changed.
    pub(super) fn advance(
        &mut self,
        desk: &mut Desk,
        log: &mut Log,
        into: &mut Vec<Completion>,
    ) -> bool {
        let mut changed = false;
        while let Some(oldest) = self.waiting.front_mut() {
            if oldest.round.is_none() {
                if !desk.has_settled(&oldest.before) || log.asks_for_acks() {
                    break;
                }
                changed = true;
                oldest.round = Some(log.rounds().1);
            }
            if oldest.round.is_some_and(|round| round > log.rounds().0) {
                break;
            }
            changed = true;
            into.push(Completion { ticket: oldest.ticket, outcome: Outcome::Done });
            self.waiting.pop_front();
        }
        changed
    }
}
