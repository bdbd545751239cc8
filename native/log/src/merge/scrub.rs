//! When a table is read again to see whether it still verifies: once in a fortnight each, spread
//! evenly over it.
//!
//! A table's moment in the fortnight is decided by its id. How far the moments have been worked
//! off is one time stamp, which the manifest keeps: so nothing is forgotten by closing, and after
//! a pause of any length each table is due once.

use crate::table::TableInfo;

/// Every table is read again in this time.
pub(super) const SCRUB_EVERY_MS: u64 = 14 * 24 * 60 * 60 * 1000;

/// The table that is due first, and its moment; up to that all is done once it was read.
pub(super) fn due<'a>(
    tables: impl Iterator<Item = &'a TableInfo>,
    done_ms: u64,
    now_ms: u64,
) -> Option<(&'a TableInfo, u64)> {
    // A clock that was wrong must not stop it.
    let done = if done_ms > now_ms.saturating_add(SCRUB_EVERY_MS) { now_ms } else { done_ms };
    let done = done.max(now_ms.saturating_sub(SCRUB_EVERY_MS));
    let moments = tables.map(|table| (table, next_moment(table, done)));
    let first = moments.min_by_key(|(table, moment)| (*moment, table.kind, table.id));
    first.filter(|(_, moment)| *moment <= now_ms)
}

/// The first moment of a table after `after_ms`.
fn next_moment(table: &TableInfo, after_ms: u64) -> u64 {
    // Neighbouring ids lie far apart.
    let number = table.id.wrapping_mul(4).wrapping_add(u64::from(table.kind.number()));
    let phase = number.wrapping_mul(0x9E37_79B9_7F4A_7C15) % SCRUB_EVERY_MS;
    let begun = (after_ms / SCRUB_EVERY_MS).saturating_mul(SCRUB_EVERY_MS).saturating_add(phase);
    if begun > after_ms { begun } else { begun.saturating_add(SCRUB_EVERY_MS) }
}
