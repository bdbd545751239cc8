//! Sound bytes in a place where they do not belong.

use super::super::info::Seed;
use super::*;
use crate::FORMAT_VERSION;
use crate::format::checksum::crc32c;
use crate::format::put;

/// Two blocks of equal form: one row each, of a size that fills a block.
fn twin_blocks() -> Rows {
    [1, 2].map(|first| (vec![first; 16], vec![6; 20_000])).into()
}

#[test]
fn equal_bytes_have_other_checksums_in_every_other_place() {
    let seed = Seed { store_id: [7; 16], kind: TableKind::State, id: 1 };
    let all = [
        seed.checksum(0, b"rows"),
        seed.checksum(1, b"rows"),
        Seed { store_id: [6; 16], ..seed }.checksum(0, b"rows"),
        Seed { kind: TableKind::Inbox, ..seed }.checksum(0, b"rows"),
        Seed { id: 2, ..seed }.checksum(0, b"rows"),
    ];
    let place = [&[7; 16][..], &1_u64.to_le_bytes(), &0_u64.to_le_bytes(), &[2]].concat();
    assert_eq!(all[0], crc32c(crc32c(0, &place), b"rows"), "as FORMAT.md says");
    for (index, checksum) in all.iter().enumerate() {
        assert!(!all[..index].contains(checksum), "place {index}");
    }
}

#[test]
fn a_block_at_the_place_of_another_block_is_refused() {
    let disk = a_disk();
    let rows = twin_blocks();
    let info = write(&disk, TableKind::State, 1, &rows);
    let path = TableKind::State.path(1);
    let half = usize::try_from(info.block_bytes / 2).unwrap();
    let first = disk.contents(&path).unwrap()[..half].to_vec();
    disk.damage(&path, half as u64, &first);
    let table = open(&disk, TableKind::State, 1).unwrap();
    assert!(get(&table, &[1; 16]).unwrap().is_some());
    assert_eq!(get(&table, &[2; 16]).unwrap_err().code(), "FOQ_CORRUPT");
}

#[test]
fn parts_of_another_table_are_refused_even_if_they_say_the_same() {
    let disk = a_disk();
    let rows = twin_blocks();
    let info = write(&disk, TableKind::State, 1, &rows);
    write(&disk, TableKind::State, 2, &rows);
    let [path, other] = [1, 2].map(|id| TableKind::State.path(id));
    let own = disk.contents(&path).unwrap();
    let foreign = disk.contents(&other).unwrap();
    let blocks = usize::try_from(info.block_bytes).unwrap();
    let footer = usize::try_from(footer_at(&info)).unwrap();
    assert_eq!(own[..blocks], foreign[..blocks], "the same rows");
    // Blocks and directory of one with the footer of the other: no checksum is of this place.
    disk.damage(&path, blocks as u64, &foreign[blocks..footer]);
    assert_eq!(is_refused(&disk, TableKind::State, 1, &rows).code(), "FOQ_CORRUPT");
    disk.put_file(&path, &foreign);
    assert_eq!(is_refused(&disk, TableKind::State, 1, &rows).code(), "FOQ_CORRUPT");
}

#[test]
fn a_table_under_the_name_of_another_kind_or_of_another_store_is_refused() {
    let disk = a_disk();
    let rows = twin_blocks();
    let info = write(&disk, TableKind::State, 1, &rows);
    let bytes = disk.contents(&TableKind::State.path(1)).unwrap();
    disk.put_file(&TableKind::Segment.path(1), &bytes);
    let error = read_footer(&disk, TableKind::Segment, 1).unwrap_err();
    assert_eq!(error.code(), "FOQ_CORRUPT");
    let cache = Arc::new(BlockCache::new(0));
    let others = [Owner { store_id: [1; 16], ..OWNER }, Owner { hash_key: [1; 16], ..OWNER }];
    for owner in others {
        let opened = Table::open(&shared(&disk), (TableKind::State, 1), &owner, &cache);
        assert_eq!(opened.err().unwrap().code(), "FOQ_CORRUPT");
        let listed = Table::listed(&shared(&disk), info.clone(), &owner, &cache);
        assert_eq!(get(&listed, &[1; 16]).unwrap_err().code(), "FOQ_CORRUPT");
    }
}

#[test]
fn a_table_that_is_not_the_listed_one_and_a_missing_one_are_refused() {
    let disk = a_disk();
    let info = write(&disk, TableKind::State, 1, &twin_blocks());
    let cache = Arc::new(BlockCache::new(0));
    let other = TableInfo { positions: (10, 21), ..info.clone() };
    let listed = Table::listed(&shared(&disk), other, &OWNER, &cache);
    assert_eq!(get(&listed, &[1; 16]).unwrap_err().code(), "FOQ_CORRUPT");
    let missing = TableInfo { id: 2, ..info };
    let listed = Table::listed(&shared(&disk), missing, &OWNER, &cache);
    assert_eq!(get(&listed, &[1; 16]).unwrap_err().code(), "FOQ_CORRUPT");
}

#[test]
fn a_table_of_a_newer_version_is_refused_by_its_version() {
    let disk = a_disk();
    let info = write(&disk, TableKind::State, 1, &twin_blocks());
    let path = TableKind::State.path(1);
    let at = usize::try_from(footer_at(&info)).unwrap();
    let mut footer = disk.contents(&path).unwrap()[at..].to_vec();
    put(&mut footer, layout::VERSION, &(FORMAT_VERSION + 1).to_le_bytes());
    let crc = crc32c(crc32c(0, &footer[..layout::CRC32C]), &footer[layout::STORE_ID..]);
    put(&mut footer, layout::CRC32C, &crc.to_le_bytes());
    disk.damage(&path, at as u64, &footer);
    let error = open(&disk, TableKind::State, 1).err().unwrap();
    assert!(
        matches!(error, Error::Version { found, .. } if found == FORMAT_VERSION + 1),
        "{error}"
    );
}
