//! How much of a segment lies below the floors of its chats: all of a small one is looked at, of
//! a larger one some records here and there, spread evenly over its bytes.

use std::sync::Arc;

use crate::error::Result;
use crate::hash::ChatKey;
use crate::seal::policy::{ChatPolicy, Fate};
use crate::seal::rows::parse_segment_key;
use crate::shared::Shared;
use crate::table::{Moved, ScanMode, Table};
use crate::view::Waiting;

/// Places that are looked at.
const PLACES: usize = 32;
/// Records at each, and chats they are of at most.
const RECORDS_PER_PLACE: usize = 64;
const CHATS_PER_PLACE: usize = 4;

/// What a sample says.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Sample {
    dead_bytes: u64,
    pub bytes: u64,
}

impl Sample {
    /// Dead bytes in a thousand.
    pub fn dead_permille(&self) -> u32 {
        let permille = self.dead_bytes.saturating_mul(1000) / self.bytes.max(1);
        u32::try_from(permille).unwrap_or(1000)
    }
}

/// Samples a segment; waits for the disk.
pub(super) fn sample(shared: &Shared, table: &Arc<Table>) -> Result<Sample> {
    let mut sample = Sample::default();
    let keys = table.spread_keys(PLACES, Waiting::Allowed)?;
    if keys.len() < PLACES {
        look(shared, table, &[], (usize::MAX, usize::MAX), &mut sample)?;
        return Ok(sample);
    }
    for key in keys {
        look(shared, table, &key, (RECORDS_PER_PLACE, CHATS_PER_PLACE), &mut sample)?;
    }
    Ok(sample)
}

/// Looks at records from a key on.
fn look(
    shared: &Shared,
    table: &Arc<Table>,
    from: &[u8],
    (records_max, chats_max): (usize, usize),
    sample: &mut Sample,
) -> Result<()> {
    let mut scan = table.scan(from, ScanMode::Cached);
    let mut policy: Option<(ChatKey, ChatPolicy)> = None;
    let mut chats = 0;
    for _ in 0..records_max {
        if scan.advance(Waiting::Allowed)? != Moved::Row {
            break;
        }
        let (key, seq) = parse_segment_key(scan.key());
        if policy.as_ref().is_none_or(|(chat, _)| *chat != key) {
            if chats == chats_max {
                break;
            }
            chats += 1;
            policy = Some((key, ChatPolicy::read(shared, key)?));
        }
        let bytes = (scan.key().len() + scan.value().len()) as u64;
        sample.bytes += bytes;
        if policy.as_ref().is_some_and(|(_, policy)| policy.fate(seq) == Fate::Dropped) {
            sample.dead_bytes += bytes;
        }
    }
    Ok(())
}
