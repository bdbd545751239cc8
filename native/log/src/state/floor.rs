//! The floor: the first seq a reader gets. A pure function of durable state, the store's options
//! and the retention clock; see docs/guarantees.md, I18 and I21.

use super::age::AgeMarks;
use super::cursor::Members;
use crate::options::{Keep, Retention};
use crate::planted::{Bug, planted};

/// What the floor of a chat rests on.
pub(crate) struct FloorInputs<'a> {
    /// The stored floor: what was the floor when an effect was last applied.
    pub stored: u64,
    pub head: u64,
    /// Of the records up to `aged_head`; later ones are on their way and never too old.
    pub ages: &'a AgeMarks,
    pub aged_head: u64,
    pub members: Option<&'a Members>,
}

/// The floor at `retention_now`: the greatest of the stored floor, the first seq young enough,
/// and, where somebody holds, the first seq that a holder lacks or that must stay anyway.
pub(crate) fn floor(inputs: &FloorInputs<'_>, retention: &Retention, retention_now: u64) -> u64 {
    let stored = inputs.stored;
    if retention.keep == Keep::Forever {
        return stored;
    }
    let first_younger = |age_ms| inputs.ages.first_younger(age_ms, retention_now, inputs.aged_head);
    let by_age = first_younger(retention.max_age_ms);
    let mut floor = stored.max(by_age);
    if retention.keep == Keep::UntilReceived {
        let least = inputs
            .members
            .and_then(|members| members.received_least(retention.max_age_ms, retention_now));
        let nobody =
            if planted(Bug::ChatWithoutConsumersDropped) { Some(inputs.head) } else { None };
        if let Some(received) = least.or(nobody) {
            // With no lower bound in time all count as old enough to go.
            let limit = match retention.keep_at_least_ms {
                0 => inputs.head + 1,
                age_ms => first_younger(age_ms),
            };
            floor = floor.max((received + 1).min(limit));
        }
    }
    floor
}
