//! The model: what FOQ promises, written again as plainly as possible and without a look at the
//! log's code. The harness shows it what was judged, settled and recovered; it objects.

use foq_log::{Completion, Options, Reader, Ticket};

use crate::operation::Op;

/// See the module. An `Err` is a broken promise, in words.
#[derive(Clone)]
pub struct Model {}

#[expect(unused_variables, reason = "signatures first")]
impl Model {
    /// A model of an empty store.
    #[must_use]
    pub fn new(options: &Options) -> Self {
        todo!()
    }
    /// The log judged this operation, as the next one, while assembling the coming round.
    pub fn judge(&mut self, ticket: Ticket, op: &Op) {
        todo!()
    }
    /// A round was assembled from all that was judged since the last one, stamped `at` and
    /// `retention_at`; checks the stamps against the clocks; keeps the state as snapshot `round`.
    /// Header-only rounds (marks, ticks) come here too.
    pub fn assembled(
        &mut self,
        round: u64,
        wall_ms: u64,
        monotonic_ms: u64,
        at: u64,
        retention_at: u64,
    ) -> Result<(), String> {
        todo!()
    }
    /// The round is durable and applied: its snapshot is what readers must see now.
    pub fn applied(&mut self, round: u64) {
        todo!()
    }
    /// An answer arrived: it is the expected one, and not earlier than what it rests on is
    /// durable (I1, I7). Remembers what was acked.
    pub fn completion(&mut self, completion: &Completion) -> Result<(), String> {
        todo!()
    }
    /// Readers see exactly the snapshot of the last applied round.
    pub fn check_live(&self, reader: &Reader) -> Result<(), String> {
        todo!()
    }
    /// A store recovered after a crash equals the snapshot of some round, at or after the last
    /// round that anything acked rests on, and at most the last assembled one; returns which.
    pub fn check_recovered(&self, reader: &Reader) -> Result<u64, String> {
        todo!()
    }
    /// Goes on from snapshot `round` after a crash: what was judged later, or submitted and not
    /// settled, is forgotten (unknown outcomes).
    pub fn resume(&mut self, round: u64) {
        todo!()
    }
    /// Operations whose answer is still expected.
    #[must_use]
    pub fn unsettled(&self) -> usize {
        todo!()
    }
}
