//! Bytes that changed after they were written.

use super::*;

/// A small table of a kind, its rows and its bytes.
fn small(kind: TableKind) -> (SimDisk, Rows, Vec<u8>) {
    let disk = a_disk();
    let mut rows = some_rows(&mut Dice::new(2), kind, 6, 0);
    let last = rows.last_key_value().unwrap().0.clone();
    rows.insert(last, vec![5; 30]);
    write(&disk, kind, 1, &rows);
    let bytes = disk.contents(&kind.path(1)).unwrap();
    (disk, rows, bytes)
}

#[test]
fn every_flipped_bit_of_a_table_is_found_and_none_changes_what_is_read() {
    for kind in TableKind::ALL {
        let (disk, rows, bytes) = small(kind);
        let path = kind.path(1);
        for (at, byte) in bytes.iter().enumerate() {
            for bit in 0..8 {
                disk.damage(&path, at as u64, &[byte ^ 1 << bit]);
                let error = is_refused(&disk, kind, 1, &rows);
                assert_eq!(error.code(), "FOQ_CORRUPT", "byte {at} bit {bit}: {error}");
                assert!(names(&error, &path, at as u64), "byte {at} bit {bit}: {error}");
            }
            disk.damage(&path, at as u64, &[*byte]);
        }
        use_all(&disk, kind, 1, &rows).unwrap();
    }
}

/// Whether an error names the file, and a range with this byte.
fn names(error: &Error, path: &str, at: u64) -> bool {
    matches!(error, Error::Corrupt { file, from, to, .. } if file == path && (*from..*to).contains(&at))
}

#[test]
fn every_other_length_of_a_table_is_refused() {
    for kind in TableKind::ALL {
        let (disk, rows, bytes) = small(kind);
        let path = kind.path(1);
        let info = open(&disk, kind, 1).unwrap().info().clone();
        for length in (0..bytes.len() as u64).chain([bytes.len() as u64 + 1]) {
            disk.damage_length(&path, length);
            assert_eq!(is_refused(&disk, kind, 1, &rows).code(), "FOQ_CORRUPT", "{length}");
            let cache = Arc::new(BlockCache::new(0));
            let listed = Table::listed(&shared(&disk), info.clone(), &OWNER, &cache);
            let key = rows.first_key_value().unwrap().0;
            assert_eq!(get(&listed, key).unwrap_err().code(), "FOQ_CORRUPT", "{length}");
            disk.put_file(&path, &bytes);
        }
    }
}

#[test]
fn a_flipped_bit_in_one_block_leaves_the_other_blocks_readable() {
    let disk = a_disk();
    let rows = some_rows(&mut Dice::new(4), TableKind::State, 500, 9_000);
    let info = write(&disk, TableKind::State, 1, &rows);
    let path = TableKind::State.path(1);
    let at = info.block_bytes / 2;
    let byte = disk.contents(&path).unwrap()[usize::try_from(at).unwrap()];
    disk.damage(&path, at, &[!byte]);
    let table = open(&disk, TableKind::State, 1).unwrap();
    let (mut read, mut failed) = (0, 0);
    for (key, value) in &rows {
        match get(&table, key) {
            Ok(found) => {
                assert_eq!(found.as_ref(), Some(value));
                read += 1;
            }
            Err(error) => {
                assert!(names(&error, &path, at), "{error}");
                failed += 1;
            }
        }
    }
    assert!(failed > 0 && failed < read, "{failed} failed, {read} were read");
}

#[test]
fn a_scrub_sees_what_the_device_holds_whatever_is_in_memory() {
    let (disk, rows, _) = small(TableKind::Segment);
    let table = open(&disk, TableKind::Segment, 1).unwrap();
    assert_eq!(scan(&table, &[], ScanMode::Cached).unwrap(), rows);
    disk.damage(&TableKind::Segment.path(1), 0, &[0xff]);
    assert_eq!(scan(&table, &[], ScanMode::Cached).unwrap(), rows, "from the cache");
    assert_eq!(table.verify().unwrap_err().code(), "FOQ_CORRUPT");
}
