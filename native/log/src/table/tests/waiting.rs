//! Readers that may not wait for the disk.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use super::*;
use crate::env::{DiskFile, Layered};

/// A file whose pages are not in the page cache, or all of them are.
struct ColdFile {
    file: Arc<dyn DiskFile>,
    warm: Arc<AtomicBool>,
}

impl DiskFile for ColdFile {
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(byte_offset, buffer)
    }
    fn read_at_cached(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        if self.warm.load(Ordering::Relaxed) {
            return self.file.read_at(byte_offset, buffer).map(Some);
        }
        // The first half is in the page cache: bytes, but not all of them.
        let half = buffer.len() / 2;
        self.file.read_at(byte_offset, buffer.get_mut(..half).unwrap_or_default()).map(Some)
    }
    fn write_at(&self, byte_offset: u64, data: &[u8]) -> io::Result<usize> {
        self.file.write_at(byte_offset, data)
    }
    fn sync(&self) -> io::Result<()> {
        self.file.sync()
    }
    fn drop_cache(&self) -> io::Result<()> {
        self.file.drop_cache()
    }
    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

/// A listed table of two blocks on a cold disk, and the switch that warms it.
fn a_cold_table() -> (SimDisk, Arc<Table>, Arc<AtomicBool>) {
    let disk = a_disk();
    let rows = [1, 2].map(|first| (vec![first; 16], vec![first; 20_000])).into();
    let info = write(&disk, TableKind::State, 1, &rows);
    let warm = Arc::new(AtomicBool::new(false));
    let switch = Arc::clone(&warm);
    let cold = Layered::new(Arc::new(disk.clone()), move |disk, path, mode| {
        let file = disk.open(path, mode)?;
        Ok(Arc::new(ColdFile { file, warm: Arc::clone(&switch) }))
    });
    let cold: Arc<dyn Disk> = Arc::new(cold);
    let cache = Arc::new(BlockCache::new(1 << 20));
    let table = Table::listed(&cold, info, &OWNER, &cache);
    (disk, Arc::new(table), warm)
}

fn would_wait(table: &Table, key: &[u8]) -> bool {
    matches!(table.get(key, Waiting::Never).unwrap(), Found::WouldWait)
}

#[test]
fn a_listed_table_reads_nothing_before_it_is_asked() {
    let (disk, table, _) = a_cold_table();
    let before = disk.calls();
    assert!(would_wait(&table, &[1; 16]));
    assert_eq!(table.may_contain(&[1; 16], Waiting::Never).unwrap(), Probe::WouldWait);
    let mut scan = table.scan(&[], ScanMode::Cached);
    assert_eq!(scan.next(Waiting::Never).unwrap(), Step::WouldWait);
    assert_eq!(disk.calls(), before, "opening a file could wait, so it was not tried");
    assert_eq!(table.memory_bytes(), 0);
}

#[test]
fn a_get_that_may_not_wait_ends_at_what_is_not_cached() {
    let (disk, table, warm) = a_cold_table();
    assert_eq!(table.may_contain(&[1; 16], Waiting::Allowed).unwrap(), Probe::Possible);
    assert_eq!(table.may_contain(&[9; 16], Waiting::Never).unwrap(), Probe::Absent);
    assert!(would_wait(&table, &[1; 16]), "the directory is not there");
    assert!(get(&table, &[1; 16]).unwrap().is_some());
    assert!(!would_wait(&table, &[1; 16]), "all of it is in memory");
    assert!(would_wait(&table, &[2; 16]), "the other block is not");
    warm.store(true, Ordering::Relaxed);
    assert!(!would_wait(&table, &[2; 16]), "from the page cache");
    warm.store(false, Ordering::Relaxed);
    let before = disk.calls();
    assert!(!would_wait(&table, &[2; 16]), "kept in the block cache");
    assert_eq!(disk.calls(), before);
}

#[test]
fn a_scan_that_would_wait_goes_on_when_it_may() {
    for mode in [ScanMode::Cached, ScanMode::Sequential] {
        let (_, table, _) = a_cold_table();
        let mut scan = table.scan(&[1, 5], mode);
        assert_eq!(scan.next(Waiting::Never).unwrap(), Step::WouldWait);
        let value = vec![2; 20_000];
        assert_eq!(scan.next(Waiting::Allowed).unwrap(), Step::Row(&[2; 16], &value));
        assert_eq!(scan.next(Waiting::Never).unwrap(), Step::End);
    }
    let (_, table, _) = a_cold_table();
    let mut scan = table.scan(&[], ScanMode::Cached);
    assert!(matches!(scan.next(Waiting::Allowed).unwrap(), Step::Row(key, _) if key == [1; 16]));
    assert_eq!(scan.next(Waiting::Never).unwrap(), Step::WouldWait);
    assert_eq!(scan.next(Waiting::Never).unwrap(), Step::WouldWait);
    assert!(matches!(scan.next(Waiting::Allowed).unwrap(), Step::Row(key, _) if key == [2; 16]));
}
