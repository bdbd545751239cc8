//! Tables on a real disk, by several threads.

use super::*;
use crate::env::real::env;
use crate::env::real::temporary::Temporary;

#[test]
fn four_threads_read_one_table_of_a_real_disk_with_a_small_cache() {
    let folder = Temporary::new("table");
    let disk = env(&folder.path().join("store")).unwrap().disk;
    disk.create_root().unwrap();
    disk.create_dir("segments").unwrap();
    let kind = TableKind::Segment;
    let rows = some_rows(&mut Dice::new(21), kind, 3_000, 20_000);
    let mut writer = TableWriter::new(&disk, &OWNER, new_table(kind, 1));
    for (key, value) in &rows {
        writer.add(key, value).unwrap();
    }
    let info = writer.finish(covered()).unwrap().unwrap();
    disk.sync_dir("segments").unwrap();
    assert_eq!(disk.list("segments").unwrap(), ["0000000000000001.seg"]);
    assert!(info.block_bytes > 2 << 20, "several reads ahead");

    let cache = Arc::new(BlockCache::new(512 << 10));
    let table = Arc::new(Table::listed(&disk, info, &OWNER, &cache));
    std::thread::scope(|threads| {
        for seed in 0..4 {
            let (table, rows) = (&table, &rows);
            threads.spawn(move || {
                let keys: Vec<&Vec<u8>> = rows.keys().collect();
                let mut dice = Dice::new(seed);
                for _ in 0..2_000 {
                    let key = *dice.pick(&keys);
                    assert_eq!(get(table, key).unwrap().as_ref(), rows.get(key));
                }
                assert_eq!(&scan(table, &[], ScanMode::Sequential).unwrap(), rows);
            });
        }
    });
    let (hits, misses) = cache.hits_and_misses();
    assert_eq!(hits + misses, 8_000);
    table.verify().unwrap();
    table.drop_cache().unwrap();
}
