//! Verifies tables, each by itself: every byte, every rule of a table, and that its rows mean
//! something; and says what lies in their folders and is none of them.

use std::io;
use std::sync::Arc;

use super::Report;
use crate::env::Disk;
use crate::error::{Error, Result};
use crate::format::effect::Effect;
use crate::format::manifest::Manifest;
use crate::hash::{ChatKey, Hashes};
use crate::inbox;
use crate::seal::rows::parse_segment_key;
use crate::state::row;
use crate::table::{BlockCache, Moved, Owner, ScanMode, Table, TableInfo, TableKind};
use crate::view::Waiting;

/// Checks every table that the manifest lists. Damage goes to the report's errors.
pub(super) fn check(disk: &Arc<dyn Disk>, manifest: &Manifest, report: &mut Report) -> Result<()> {
    for info in &manifest.tables {
        match check_table(disk, manifest, info) {
            Ok(()) => report.count_table(info),
            Err(damage @ Error::Corrupt { .. }) => report.errors.push(damage),
            Err(other) => return Err(other),
        }
    }
    check_folders(&**disk, manifest, report)
}

/// Checks one table that the manifest lists, and its rows.
///
/// # Errors
/// `FOQ_CORRUPT` naming what is wrong, `FOQ_VERSION`, `FOQ_UNAVAILABLE`.
pub(crate) fn check_table(
    disk: &Arc<dyn Disk>,
    manifest: &Manifest,
    info: &TableInfo,
) -> Result<()> {
    let Manifest { store_id, hash_key, epoch, .. } = *manifest;
    let owner = Owner { store_id, hash_key, epoch };
    let cache = Arc::new(BlockCache::new(0));
    let table = Arc::new(Table::listed(disk, info.clone(), &owner, &cache));
    table.verify()?;
    let hashes = Hashes::new(hash_key);
    let mut scan = table.scan(&[], ScanMode::Sequential);
    while scan.advance(Waiting::Allowed)? == Moved::Row {
        if !makes_sense(info.kind, &hashes, scan.key(), scan.value()) {
            let range = 0..info.block_bytes;
            return Err(Error::corrupt(info.path(), range, "a row makes no sense"));
        }
    }
    Ok(())
}

/// Whether a row says what a row of its kind may, under the key that it must have.
fn makes_sense(kind: TableKind, hashes: &Hashes, key: &[u8], value: &[u8]) -> bool {
    match kind {
        TableKind::State => {
            let key = key.try_into().map_or(0, ChatKey::from_be_bytes);
            row::decode(key, hashes, value).is_some()
        }
        TableKind::Segment => {
            let (key, seq) = parse_segment_key(key);
            let Some(effect @ Effect::Record(record)) = Effect::decode(value) else { return false };
            record.seq == seq && hashes.chat(record.chat_id) == key && effect.body_verifies()
        }
        TableKind::Inbox => inbox::makes_sense(hashes, key, value),
    }
}

/// What the next opening removes or puts aside.
fn check_folders(disk: &dyn Disk, manifest: &Manifest, report: &mut Report) -> Result<()> {
    for kind in TableKind::ALL {
        let names = match disk.list(kind.folder()) {
            Ok(names) => names,
            Err(failure) if failure.kind() == io::ErrorKind::NotFound => continue,
            Err(failure) => {
                return Err(Error::io("a folder cannot be read", kind.folder(), failure));
            }
        };
        for name in names {
            let what = match kind.id_in(&name) {
                Some(id) if manifest.lists(kind, id) => continue,
                Some(id) if manifest.puts_aside(kind, id) => "is listed nowhere, and put aside",
                _ => "is a table that was replaced or never finished",
            };
            report.repairs.push(format!("{}/{name} {what}", kind.folder()));
        }
    }
    Ok(())
}
