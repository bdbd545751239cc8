//! Inbox tables from state rows: these name the rows that consumers must be found by.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::catalog::Catalog;
use crate::env::Env;
use crate::error::{Error, Result};
use crate::format::manifest::Manifest;
use crate::hash::{ChatKey, Hashes};
use crate::inbox::{self, InboxRow};
use crate::shelf::sync_dir;
use crate::state::row;
use crate::table::{Covered, Merge, NewTable, Scan, ScanMode, TableKind, TableWriter};

/// Rows that are sorted in memory at a time, about: names are taken in as many turns as it needs.
const ROWS_PER_TURN: u64 = 1 << 20;

/// Writes one table in the place of all there are, and lists it.
pub(super) fn write_anew(env: &Env, manifest: &mut Manifest) -> Result<()> {
    let is_inbox = |kind| kind == TableKind::Inbox;
    let catalog = Catalog::new(&env.disk, manifest.clone(), 1 << 20);
    let set = catalog.set();
    let hashes = Hashes::new(manifest.hash_key);
    let id = manifest.next_table_id;
    let table = NewTable { kind: TableKind::Inbox, class: 0, id, shard: 0 };
    let mut writer = TableWriter::new(&env.disk, &catalog.owner(), table);
    let state_rows: u64 = set.states.iter().map(|table| table.info().row_count).sum();
    // A chat of two members has four rows at most.
    let turns = (state_rows.saturating_mul(4)).div_ceil(ROWS_PER_TURN).max(1);
    for turn in 0..turns {
        let mut rows: BTreeMap<[u8; inbox::KEY_BYTES], Vec<u8>> = BTreeMap::new();
        let scans: Vec<Scan> =
            set.states.iter().map(|table| table.scan(&[], ScanMode::Sequential)).collect();
        let mut merge = Merge::new(scans)?;
        while let Some(merged) = merge.next()? {
            let key = merged.key.try_into().map_or(0, ChatKey::from_be_bytes);
            let Some(chat) = row::decode(key, &hashes, merged.value) else {
                return Err(Error::corrupt("states", 0..0, "a row makes no sense"));
            };
            let mut wanted: Vec<InboxRow> = Vec::new();
            for cursor in chat.members.iter().flat_map(|members| &members.cursors) {
                let place = (u128::from(cursor.name) * u128::from(turns)) >> 64;
                if place == u128::from(turn) {
                    inbox::rows(&chat, (cursor.name, 0, cursor.listed), &mut wanted);
                }
            }
            rows.extend(wanted.into_iter().map(|row| (row.key, row.value)));
        }
        for (key, value) in &rows {
            writer.add(key, value)?;
        }
    }
    let positions = (1, manifest.sealed.position);
    let written = writer.finish(Covered { positions, ..Covered::default() })?;
    let folder = TableKind::Inbox.folder();
    sync_dir(&*env.disk, folder).map_err(|source| Error::io("a folder fails", folder, source))?;
    manifest.next_table_id = id + 1;
    manifest.tables.retain(|info| !is_inbox(info.kind));
    manifest.tables.extend(written);
    manifest.tables.sort_by_key(|table| std::cmp::Reverse((table.positions.1, table.id)));
    drop::<Arc<_>>(set);
    Ok(())
}
