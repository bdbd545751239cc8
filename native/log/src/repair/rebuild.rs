//! A manifest from what the files say: the footers of tables and the headers of journal files.
//!
//! Invariants: of a merge that was under way its inputs count as long as all are there, for they
//! hold all that its outputs do; else its outputs. State tables cover all positions from 1 to the
//! sealed one, or one is lost, and the store is refused. What cannot be known is taken as what asks
//! for the most care: the class that loses its tail, segments that may hold what was deleted, ages
//! without an end. The epoch is a new one.

use std::collections::{BTreeMap, HashSet};
use std::io;

use super::Repairs;
use crate::env::{Disk, Env};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::{BatchHeader, FLAG_ROUND_CONTINUES, Place, ValidBatch};
use crate::format::checksum::StoreId;
use crate::format::file::{FileHeader, journal_file_id, journal_path};
use crate::format::manifest::{Manifest, Sealed};
use crate::table::{Owner, TableInfo, TableKind, read_footer};
use crate::verify::read_file;

/// Where rounds are counted on when no journal file says how many there were.
const ROUND_UNKNOWN: u64 = 1 << 40;

/// Ends of what a journal file holds.
struct Held {
    file_id: u64,
    file_bytes: u64,
    store_id: StoreId,
    first: Option<BatchHeader>,
    last: Option<BatchHeader>,
}

pub(super) fn manifest(env: &Env, repairs: &mut Repairs) -> Result<Manifest> {
    let disk = &*env.disk;
    let (footers, next_table_id) = footers(disk, repairs)?;
    let journal = journal(disk, repairs)?;
    let owner = owner_of(disk, &footers, &journal)?;
    let tables = live(footers.into_iter().map(|(_, info)| info).collect());
    let sealed_position = covered(&tables).unwrap_or_else(|hole| {
        repairs.refuse(hole);
        0
    });
    let (first_file_id, sealed) = sealed_end(&journal, sealed_position, &tables);
    let mut epoch = [0; 8];
    env.random.fill(&mut epoch);
    let now = env.clock.wall_ms();
    let segments = tables.iter().filter(|info| info.kind == TableKind::Segment);
    Ok(Manifest {
        // Greater than what a manifest that comes back from somewhere may have.
        counter: 1 << 32,
        store_id: owner.store_id,
        hash_key: owner.hash_key,
        epoch: u64::from_le_bytes(epoch),
        boot_id: [0; 16],
        first_file_id,
        sealed,
        journal_file_bytes: journal.first().map_or(0, |held| held.file_bytes),
        ready: true,
        unsafe_class: true,
        clean: false,
        next_table_id,
        erase: segments.map(|info| (info.id, now)).collect(),
        tables,
        replaced: Vec::new(),
        longest_age_ms: u64::MAX,
        scrubbed_at: now,
        backup_round: 0,
    })
}

type Footers = Vec<(Owner, TableInfo)>;

/// Every table whose footer verifies, and an id above that of every file.
fn footers(disk: &dyn Disk, repairs: &mut Repairs) -> Result<(Footers, u64)> {
    let mut found = Vec::new();
    let mut next = 1;
    for kind in TableKind::ALL {
        for name in names_in(disk, kind.folder())? {
            let Some(id) = kind.id_in(name.trim_end_matches(".tmp")) else { continue };
            next = next.max(id + 1);
            if name.ends_with(".tmp") {
                continue;
            }
            match read_footer(disk, kind, id) {
                Ok(footer) => found.push(footer),
                Err(damage @ Error::Corrupt { .. }) => repairs.damage.push(damage.to_string()),
                Err(other) => return Err(other),
            }
        }
    }
    for name in names_in(disk, "quarantine")? {
        let id = TableKind::ALL.into_iter().find_map(|kind| kind.id_in(&name));
        next = next.max(id.map_or(0, |id| id + 1));
    }
    Ok((found, next))
}

fn names_in(disk: &dyn Disk, folder: &str) -> Result<Vec<String>> {
    match disk.list(folder) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        listed => listed.map_err(|source| Error::io("a folder cannot be read", folder, source)),
    }
}

/// Journal files whose header verifies, in order.
fn journal(disk: &dyn Disk, repairs: &mut Repairs) -> Result<Vec<Held>> {
    let mut files = Vec::new();
    let mut ids: Vec<u64> =
        names_in(disk, "journal")?.iter().filter_map(|name| journal_file_id(name)).collect();
    ids.sort_unstable();
    for file_id in ids {
        let path = journal_path(file_id);
        let bytes = read_file(disk, &path, u64::MAX)?;
        let header = match FileHeader::decode(&bytes, &path) {
            Ok(header) => header,
            Err(damage @ Error::Corrupt { .. }) => {
                repairs.damage.push(damage.to_string());
                continue;
            }
            Err(other) => return Err(other),
        };
        let FileHeader { store_id, file_bytes, .. } = header;
        let mut held = Held { file_id, file_bytes, store_id, first: None, last: None };
        held.walk(&bytes);
        files.push(held);
    }
    Ok(files)
}

impl Held {
    fn walk(&mut self, bytes: &[u8]) {
        let mut byte_offset = SECTOR_BYTES;
        loop {
            let place = Place { store_id: &self.store_id, file_id: self.file_id, byte_offset };
            let rest = usize::try_from(byte_offset).ok().and_then(|at| bytes.get(at..));
            let Some(batch) = rest.and_then(|rest| ValidBatch::verify(place, rest)) else { return };
            self.first.get_or_insert(batch.header);
            self.last = Some(batch.header);
            byte_offset += u64::from(batch.header.batch_bytes);
            if batch.header.flags & FLAG_ROUND_CONTINUES == 0 {
                byte_offset = byte_offset.next_multiple_of(SECTOR_BYTES);
            }
        }
    }
}

/// Whose all the files are.
fn owner_of(disk: &dyn Disk, footers: &Footers, journal: &[Held]) -> Result<Owner> {
    let foreign = |path: String| Error::corrupt(path, 0..0, "the file belongs to another store");
    let Some((owner, _)) = footers.first() else {
        // Without the key no dedupKey that was used would be known again.
        let what = "both manifests are lost and no table is there that says the store's hash key";
        return Err(Error::corrupt("MANIFEST-A", 0..0, format!("{what} ({})", disk.name())));
    };
    let same = |other: &Owner| (other.store_id, other.hash_key) == (owner.store_id, owner.hash_key);
    if let Some((_, info)) = footers.iter().find(|(other, _)| !same(other)) {
        return Err(foreign(info.path()));
    }
    match journal.iter().find(|held| held.store_id != owner.store_id) {
        Some(held) => Err(foreign(journal_path(held.file_id))),
        None => Ok(*owner),
    }
}

/// The tables that count, as a manifest lists them; the others are put aside by opening.
fn live(mut tables: Vec<TableInfo>) -> Vec<TableInfo> {
    // Newest merges first: what they replaced needs no judgement of its own.
    tables.sort_by_key(|info| std::cmp::Reverse(info.id));
    let all: HashSet<_> = tables.iter().map(|info| (info.kind, info.id)).collect();
    let mut outputs: BTreeMap<(TableKind, Vec<u64>), bool> = BTreeMap::new();
    let mut gone: HashSet<(TableKind, u64)> = HashSet::new();
    for info in tables.iter().filter(|info| !info.replaced.is_empty()) {
        if gone.contains(&(info.kind, info.id)) {
            gone.extend(info.replaced.iter().map(|&id| (info.kind, id)));
            continue;
        }
        let inputs: Vec<_> = info.replaced.iter().map(|&id| (info.kind, id)).collect();
        let whole = *outputs
            .entry((info.kind, info.replaced.clone()))
            .or_insert_with(|| inputs.iter().all(|input| all.contains(input)));
        if whole {
            gone.insert((info.kind, info.id));
        } else {
            gone.extend(inputs);
        }
    }
    tables.retain(|info| !gone.contains(&(info.kind, info.id)));
    tables.sort_by_key(|info| std::cmp::Reverse((info.positions.1, info.id)));
    tables
}

/// The last position that state tables cover; what says that one is missing.
fn covered(tables: &[TableInfo]) -> std::result::Result<u64, String> {
    let states = tables.iter().filter(|info| info.kind == TableKind::State);
    let mut ranges: Vec<(u64, u64)> = states.map(|info| info.positions).collect();
    ranges.sort_unstable();
    ranges.dedup();
    let mut end = 0;
    for (first, last) in ranges {
        if first != end + 1 {
            return Err(format!(
                "a state table is lost: none covers positions {} to {}; restore a backup",
                end + 1,
                first.saturating_sub(1)
            ));
        }
        end = last;
    }
    Ok(end)
}

/// The journal file in which recovery begins, and what ends before it.
fn sealed_end(journal: &[Held], position: u64, tables: &[TableInfo]) -> (u64, Sealed) {
    let newest_at = tables.iter().map(|info| info.at.1).max().unwrap_or_default();
    let begins = |held: &&Held| held.first.is_some_and(|first| first.position == position + 1);
    if let Some((held, first)) =
        journal.iter().find(begins).and_then(|held| Some((held, held.first?)))
    {
        let (at, retention_at) = (first.at, first.retention_at);
        return (held.file_id, Sealed { round: first.round - 1, position, at, retention_at });
    }
    // Nothing was written since the last seal: the file behind the last that holds anything.
    let last = journal.iter().filter_map(|held| Some((held, held.last?))).next_back();
    match last {
        Some((held, last)) => {
            let (at, retention_at) = (last.at, last.retention_at);
            (held.file_id + 1, Sealed { round: last.round, position, at, retention_at })
        }
        None => {
            let first = journal.first().map_or(1, |held| held.file_id);
            let (at, retention_at) = (newest_at, newest_at);
            (first, Sealed { round: ROUND_UNKNOWN, position, at, retention_at })
        }
    }
}
