//! Which segments hold records that were deleted: they are marked when the deletion is sealed, and
//! are written again within the time that erasure may take. What is sealed together with its
//! deletion, or later, never gets there.

use crate::catalog::TableSet;
use crate::error::Result;
use crate::hash::ChatKey;
use crate::seal::rows::{parse_segment_key, segment_key};
use crate::table::{Moved, Probe, ScanMode, Table};
use crate::view::Waiting;

/// Records of a chat that were deleted; both ends are meant too.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deletion {
    pub key: ChatKey,
    pub at: u64,
    pub from_seq: u64,
    pub to_seq: u64,
}

/// The segments that hold some of them, and the time of the deletion. One that cannot be read is
/// among them.
pub(crate) fn segments_with(set: &TableSet, deletions: &[Deletion]) -> Vec<(u64, u64)> {
    let mut marked = Vec::new();
    for table in &set.segments {
        let holds = |deletion: &&Deletion| holds(table, deletion).unwrap_or(true);
        if let Some(first) = deletions.iter().filter(holds).map(|deletion| deletion.at).min() {
            marked.push((table.info().id, first));
        }
    }
    marked
}

fn holds(table: &std::sync::Arc<Table>, deletion: &Deletion) -> Result<bool> {
    let prefix = deletion.key.to_be_bytes();
    if table.may_contain(&prefix, Waiting::Allowed)? == Probe::Absent {
        return Ok(false);
    }
    let mut scan = table.scan(&segment_key(deletion.key, deletion.from_seq), ScanMode::Cached);
    if scan.advance(Waiting::Allowed)? != Moved::Row {
        return Ok(false);
    }
    let (key, seq) = parse_segment_key(scan.key());
    Ok(key == deletion.key && seq <= deletion.to_seq)
}
