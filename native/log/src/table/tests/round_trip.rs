//! What is written is read, and nothing else.

use super::*;

#[test]
fn rows_of_all_sizes_come_back_by_key_and_in_order() {
    for seed in 0..24 {
        let mut dice = Dice::new(seed);
        let kind = *dice.pick(&TableKind::ALL);
        let largest = if seed % 4 == 0 { 600_000 } else { 20_000 };
        let count = usize::try_from(1 + dice.below(400)).unwrap();
        let rows = some_rows(&mut dice, kind, count, largest);
        let disk = a_disk();
        let info = write(&disk, kind, seed, &rows);
        assert_eq!(info.row_count, rows.len() as u64, "seed {seed}");
        let size = disk.contents(&kind.path(seed)).unwrap().len() as u64;
        assert_eq!(info.file_bytes, size, "seed {seed}");
        use_all(&disk, kind, seed, &rows).unwrap();
        let table = open(&disk, kind, seed).unwrap();
        for _ in 0..100 {
            let other = some_rows(&mut dice, kind, 1, 0).pop_first().unwrap().0;
            assert_eq!(get(&table, &other).unwrap().as_ref(), rows.get(&other), "seed {seed}");
            let rest: Rows =
                rows.range(other.clone()..).map(|(k, v)| (k.clone(), v.clone())).collect();
            let mode = if dice.one_in(2) { ScanMode::Cached } else { ScanMode::Sequential };
            assert_eq!(scan(&table, &other, mode).unwrap(), rest, "seed {seed}");
        }
    }
}

#[test]
fn the_footer_repeats_all_that_is_known_of_a_table() {
    let disk = a_disk();
    for kind in TableKind::ALL {
        let rows = some_rows(&mut Dice::new(5), kind, 50, 100);
        let info = write(&disk, kind, 0x1f, &rows);
        let slots = rows.keys().map(|key| kind.slot(key));
        let expected = (slots.clone().min().unwrap(), slots.max().unwrap());
        assert_eq!(info.slots, expected);
        assert_eq!((info.class, info.shard, info.positions), (2, 3, (10, 20)));
        assert_eq!((info.at, info.replaced.as_slice()), ((1_000, 2_000), &[4, 5][..]));
        assert_eq!(read_footer(&disk, kind, 0x1f).unwrap(), (OWNER, info.clone()));
        assert_eq!(open(&disk, kind, 0x1f).unwrap().info(), &info);
    }
}

#[test]
fn names_of_tables_are_their_ids_in_hexadecimal() {
    assert_eq!(TableKind::Segment.path(0xab), "segments/00000000000000ab.seg");
    assert_eq!(TableKind::State.path(1), "states/0000000000000001.sta");
    assert_eq!(TableKind::Inbox.path(u64::MAX), "inbox/ffffffffffffffff.inb");
    assert_eq!(TableKind::Inbox.id_in("00000000000000ab.inb"), Some(0xab));
    let none = ["00000000000000AB.inb", "+0000000000000ab.inb", "ab.inb", "00000000000000ab.seg"];
    assert!(none.iter().all(|name| TableKind::Inbox.id_in(name).is_none()));
    assert_eq!(TableKind::Inbox.id_in("00000000000000ab.inb.tmp"), None);
}

#[test]
fn the_slot_is_the_top_14_bits_of_the_chat_key() {
    assert_eq!(TableKind::State.slot(&[0xff; 16]), 16383);
    let mut key = [0; 25];
    key[9] = 0x01;
    assert_eq!(TableKind::Inbox.slot(&key), 64);
    assert_eq!(TableKind::Segment.slot(&[0; 24]), 0);
}

#[test]
fn a_table_without_rows_leaves_no_file() {
    let disk = a_disk();
    let table = new_table(TableKind::State, 1);
    let writer = TableWriter::new(&shared(&disk), &OWNER, table);
    assert_eq!(writer.finish(covered()).unwrap(), None);
    assert!(disk.list("states").unwrap().is_empty());
}

#[test]
fn an_abandoned_table_leaves_no_file() {
    let disk = a_disk();
    let mut writer = TableWriter::new(&shared(&disk), &OWNER, new_table(TableKind::State, 1));
    writer.add(&[1; 16], &vec![0; 300 << 10]).unwrap();
    writer.add(&[2; 16], &[]).unwrap();
    assert_eq!(disk.list("states").unwrap().len(), 1, "a chunk was written");
    assert!(writer.row_count() == 2 && writer.bytes_written() > 300 << 10);
    writer.abandon();
    assert!(disk.list("states").unwrap().is_empty());
}

#[test]
fn the_largest_row_is_written_and_one_byte_more_is_refused() {
    let disk = a_disk();
    let mut writer = TableWriter::new(&shared(&disk), &OWNER, new_table(TableKind::State, 1));
    let refused = writer.add(&[1; 16], &vec![0; ROW_BYTES_MAX - 15]);
    assert_eq!(refused.unwrap_err().code(), "FOQ_TOO_LARGE");
    let rows = Rows::from([(vec![1; 16], vec![3; ROW_BYTES_MAX - 16])]);
    write(&disk, TableKind::State, 2, &rows);
    use_all(&disk, TableKind::State, 2, &rows).unwrap();
}

#[test]
#[should_panic(expected = "keys of a table ascend")]
fn a_key_that_does_not_ascend_is_a_mistake_of_ours() {
    let disk = a_disk();
    let mut writer = TableWriter::new(&shared(&disk), &OWNER, new_table(TableKind::State, 1));
    writer.add(&[1; 16], &[]).unwrap();
    let _ = writer.add(&[1; 16], &[]);
}

#[test]
fn the_filter_errs_less_than_twice_in_a_hundred() {
    let disk = a_disk();
    let mut dice = Dice::new(11);
    let mut prefix = |_| (u128::from(dice.throw()) << 64 | u128::from(dice.throw())).to_be_bytes();
    let rows: Rows = (0..20_000).map(|n| (prefix(n).to_vec(), Vec::new())).collect();
    write(&disk, TableKind::State, 1, &rows);
    let table = open(&disk, TableKind::State, 1).unwrap();
    let possible =
        |key: &[u8]| table.may_contain(key, Waiting::Allowed).unwrap() == Probe::Possible;
    assert!(rows.keys().all(|key| possible(key)));
    let wrong = (0..50_000).filter(|n| possible(&prefix(*n))).count();
    assert!((50..1_000).contains(&wrong), "{wrong} of 50000 were wrong");
}

#[test]
fn prefixes_count_once_in_the_filter_however_many_rows_they_have() {
    let disk = a_disk();
    let key = |seq: u64| [&[9; 16][..], &seq.to_be_bytes()].concat();
    let rows: Rows = (0..5_000).map(|seq| (key(seq), vec![1])).collect();
    let info = write(&disk, TableKind::Segment, 1, &rows);
    let directory_row = 16 + 24;
    let filter_bytes = (footer_at(&info) - info.block_bytes) % directory_row;
    assert_eq!(filter_bytes, 64 % directory_row, "one line");
}

#[test]
fn the_block_cache_stays_within_its_bytes_and_serves_what_is_used() {
    let disk = a_disk();
    let rows = some_rows(&mut Dice::new(3), TableKind::State, 4_000, 9_000);
    let info = write(&disk, TableKind::State, 1, &rows);
    let cache = Arc::new(BlockCache::new(1 << 20));
    let table = Table::listed(&shared(&disk), info.clone(), &OWNER, &cache);
    assert!(info.block_bytes > 2 << 20, "more than the cache takes");
    for (key, value) in rows.iter().chain(&rows) {
        assert_eq!(get(&table, key).unwrap().as_ref(), Some(value));
        assert!(cache.byte_count() <= 1 << 20);
    }
    let (hits, misses) = cache.hits_and_misses();
    assert_eq!(hits + misses, 8_000);
    assert!(cache.byte_count() > 700 << 10 && misses < 2_000, "{misses} misses");
    assert!(table.memory_bytes() > 4_000);
}

#[test]
fn a_sequential_scan_reads_a_mebibyte_at_a_time_and_leaves_the_cache_alone() {
    let disk = a_disk();
    let rows = some_rows(&mut Dice::new(6), TableKind::State, 4_000, 9_000);
    let info = write(&disk, TableKind::State, 1, &rows);
    let cache = Arc::new(BlockCache::new(8 << 20));
    let table = Arc::new(Table::listed(&shared(&disk), info.clone(), &OWNER, &cache));
    let before = disk.calls();
    assert_eq!(scan(&table, &[], ScanMode::Sequential).unwrap(), rows);
    // Open, size, footer, directory; then blocks, of which up to a large one's share is left over.
    let reads = disk.calls() - before - 4;
    let least = info.block_bytes.div_ceil(1 << 20);
    assert!((least..=least + 1).contains(&reads), "{reads} reads of {} bytes", info.block_bytes);
    assert_eq!((cache.byte_count(), cache.hits_and_misses()), (0, (0, 0)));
}
