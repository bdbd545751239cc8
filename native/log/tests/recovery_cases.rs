//! The cases of recovery, each by its label in FORMAT.md. Stores are made on a simulated disk,
//! closed or cut, changed byte by byte, and opened again; what refuses has changed nothing.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "helpers of tests may panic")]

use std::sync::Arc;

use foq_log::env::Env;
use foq_log::env::sim::{SimClock, SimDisk, SimRandom, Survivors};
use foq_log::{
    Append, Assembled, Durability, Error, FORMAT_VERSION, Log, Operation, Options, ReadFrom,
    SealStep,
};

const FILE_BYTES: u32 = 8192;
const SECTOR: usize = 512;

fn options() -> Options {
    Options { journal_file_bytes: FILE_BYTES, payload_bytes_max: 1024, ..Options::default() }
}

fn env(disk: &SimDisk, seed: u64) -> Env {
    Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SimClock::new(1_767_225_600_000)),
        random: Arc::new(SimRandom::new(seed)),
    }
}

fn journal(file_id: u64) -> String {
    format!("journal/{file_id:016x}.jnl")
}

/// A log that committed `count` records of 300 bytes, one a round, and keeps two spares.
fn a_log(disk: &SimDisk, count: u8) -> Log {
    let mut log = Log::open(&env(disk, 1), &options()).unwrap();
    for n in 0..count {
        append(&mut log, &[n; 300]);
    }
    log
}

fn append(log: &mut Log, payload: &[u8]) {
    log.submit(0, &Operation::Append(Append::new("chat", payload))).unwrap();
    loop {
        while log.wants_spare() {
            log.prepare_spare().unwrap();
        }
        match log.assemble().unwrap() {
            Assembled::Round(round) => return log.commit(round).unwrap(),
            Assembled::NeedsSpare => log.prepare_spare().unwrap(),
            Assembled::Nothing => panic!("there was something to commit"),
        }
    }
}

/// A round that is written and not synced.
fn write_only(log: &mut Log, payload: &[u8]) {
    log.submit(0, &Operation::Append(Append::new("chat", payload))).unwrap();
    let Assembled::Round(mut round) = log.assemble().unwrap() else { panic!("no round") };
    log.write(&mut round).unwrap();
}

/// Seqs that a store serves.
fn seqs(log: &Log) -> Vec<u64> {
    let read = log.reader().read("chat", ReadFrom::Seq(1), 1000, usize::MAX).unwrap();
    read.records.iter().map(|record| record.seq).collect()
}

fn reopen(disk: &SimDisk) -> Log {
    Log::open(&env(disk, 2), &options()).unwrap()
}

/// Opening refuses, and changes no byte of any file.
fn refused(disk: &SimDisk) -> Error {
    let before = disk.files();
    let error = Log::open(&env(disk, 2), &options()).err().unwrap();
    assert_eq!(disk.files(), before, "what refuses to open is left as it was");
    error
}

fn corrupt_file(error: &Error) -> &str {
    let Error::Corrupt { file, .. } = error else { panic!("expected FOQ_CORRUPT, got {error}") };
    file
}

/// Inverts one byte of a file.
fn flip(disk: &SimDisk, path: &str, at: usize) {
    let byte = !disk.contents(path).unwrap()[at];
    disk.damage(path, at as u64, &[byte]);
}

#[test]
fn case_a_after_a_clean_close_all_is_there_and_the_log_goes_on() {
    let disk = SimDisk::new();
    a_log(&disk, 3).close().unwrap();
    let mut log = reopen(&disk);
    append(&mut log, b"four");
    assert_eq!(seqs(&log), [1, 2, 3, 4]);
}

#[test]
fn case_b_a_torn_round_is_cut_and_its_bytes_never_come_back() {
    let disk = SimDisk::new();
    let mut log = a_log(&disk, 2);
    write_only(&mut log, &[9; 900]);
    let cut = disk.cut();
    // Two of its three sectors survive: the first and the last.
    let torn = cut.power_cut(Survivors::Mask(0b101));
    let mut log = reopen(&torn);
    assert_eq!(seqs(&log), [1, 2]);
    let end = SECTOR * 3;
    assert!(torn.contents(&journal(1)).unwrap()[end..].iter().all(|&byte| byte == 0));
    append(&mut log, b"another three");
    assert_eq!(seqs(&log), [1, 2, 3]);
}

#[test]
fn case_b_a_torn_first_round_of_the_next_file_is_cut_there() {
    let disk = SimDisk::new();
    // 15 sectors: the next round lies in file 2.
    let mut log = a_log(&disk, 15);
    write_only(&mut log, &[9; 900]);
    let torn = disk.cut().power_cut(Survivors::Mask(0b110));
    let log = reopen(&torn);
    assert_eq!(seqs(&log).len(), 15);
    assert!(torn.contents(&journal(2)).unwrap()[SECTOR..].iter().all(|&byte| byte == 0));
}

#[test]
fn case_c_a_damaged_round_below_a_durable_one_is_refused_by_name_and_range() {
    let disk = SimDisk::new();
    a_log(&disk, 3).close().unwrap();
    flip(&disk, &journal(1), SECTOR * 2 + 100);
    let error = refused(&disk);
    let Error::Corrupt { file, from, to, .. } = &error else { panic!("{error}") };
    assert_eq!((file.as_str(), *from, *to), (journal(1).as_str(), 1024, 1536));
}

#[test]
fn case_c_damage_of_the_last_record_is_seen_by_the_mark_behind_it() {
    let disk = SimDisk::new();
    a_log(&disk, 1).close().unwrap();
    flip(&disk, &journal(1), SECTOR + 100);
    assert_eq!(corrupt_file(&refused(&disk)), journal(1));
}

#[test]
fn case_c_a_missing_file_in_the_middle_is_refused() {
    let disk = SimDisk::new();
    a_log(&disk, 40).close().unwrap();
    disk.damage_length(&journal(2), 0);
    refused(&disk);
}

#[test]
fn case_d_rounds_go_on_in_the_next_file() {
    let disk = SimDisk::new();
    a_log(&disk, 40).close().unwrap();
    assert!(disk.contents(&journal(3)).is_some());
    assert_eq!(seqs(&reopen(&disk)).len(), 40);
}

#[test]
fn case_e_a_damaged_header_of_a_file_with_rounds_is_refused() {
    for file_id in [1, 2, 3] {
        let disk = SimDisk::new();
        a_log(&disk, 40).close().unwrap();
        flip(&disk, &journal(file_id), 20);
        assert_eq!(corrupt_file(&refused(&disk)), journal(file_id));
    }
}

#[test]
fn case_f_spares_are_kept_and_used() {
    let disk = SimDisk::new();
    a_log(&disk, 1).close().unwrap();
    let mut log = reopen(&disk);
    assert!(!log.wants_spare(), "both spares were found");
    for n in 0..20 {
        append(&mut log, &[n; 300]);
    }
    assert_eq!(seqs(&log).len(), 21);
}

#[test]
fn case_g_a_damaged_spare_is_prepared_again() {
    let disk = SimDisk::new();
    a_log(&disk, 1).close().unwrap();
    flip(&disk, &journal(2), 20);
    let mut log = reopen(&disk);
    assert!(log.wants_spare(), "the damaged spare and the one behind it are gone");
    for n in 0..20 {
        append(&mut log, &[n; 300]);
    }
    log.close().unwrap();
    assert_eq!(seqs(&reopen(&disk)).len(), 21);
}

#[test]
fn case_h_a_file_of_another_store_is_refused() {
    let (disk, other) = (SimDisk::new(), SimDisk::new());
    a_log(&disk, 1).close().unwrap();
    Log::open(&env(&other, 7), &options()).unwrap().close().unwrap();
    disk.put_file(&journal(2), &other.contents(&journal(1)).unwrap());
    assert_eq!(corrupt_file(&refused(&disk)), journal(2));
}

#[test]
fn case_i_a_newer_format_is_refused() {
    for path in ["MANIFEST-A", "MANIFEST-B", &journal(1), &journal(2)] {
        let disk = SimDisk::new();
        a_log(&disk, 1).close().unwrap();
        let size = if path.starts_with("MANIFEST") { 4096 } else { SECTOR };
        let mut head = disk.contents(path).unwrap()[..size].to_vec();
        head[8..12].copy_from_slice(&(FORMAT_VERSION + 1).to_le_bytes());
        let crc = crc32c::crc32c_append(crc32c::crc32c(&head[..12]), &head[16..]);
        head[12..16].copy_from_slice(&crc.to_le_bytes());
        disk.damage(path, 0, &head);
        let error = refused(&disk);
        assert!(matches!(error, Error::Version { found, .. } if found == FORMAT_VERSION + 1));
    }
}

#[test]
fn case_j_leftovers_of_unfinished_spares_are_removed() {
    let disk = SimDisk::new();
    a_log(&disk, 1).close().unwrap();
    let leftover = "journal/0000000000000009.tmp";
    disk.put_file(leftover, b"half a header");
    assert_eq!(seqs(&reopen(&disk)), [1]);
    assert_eq!(disk.contents(leftover), None);
}

#[test]
fn case_k_files_before_the_first_one_are_removed() {
    let disk = SimDisk::new();
    let mut log = a_log(&disk, 40);
    let old = disk.contents(&journal(1)).unwrap();
    let Some(mut job) = log.seal_oldest() else { panic!("nothing to seal") };
    let sealed = loop {
        match job.step().unwrap() {
            SealStep::More(more) => job = more,
            SealStep::Done(sealed) => break sealed,
        }
    };
    log.finish_seal(sealed);
    log.close().unwrap();
    // A crash before the file was let go; the other was never needed.
    disk.put_file(&journal(1), &old);
    assert_eq!(seqs(&reopen(&disk)).len(), 40);
    assert_eq!(disk.contents(&journal(1)), None);
    reopen(&disk).close().unwrap();
    disk.put_file(&journal(1), b"whatever it holds");
    assert_eq!(seqs(&reopen(&disk)).len(), 40);
    assert_eq!(disk.contents(&journal(1)), None);
}

#[test]
fn a_round_of_the_next_file_waits_until_those_of_this_file_are_durable() {
    let disk = SimDisk::new();
    // 15 sectors a file: the round that is in flight is the last of file 1.
    let mut log = a_log(&disk, 14);
    log.submit(0, &Operation::Append(Append::new("chat", &[9; 300]))).unwrap();
    let Assembled::Round(mut last) = log.assemble().unwrap() else { panic!("no round") };
    log.write(&mut last).unwrap();
    log.submit(0, &Operation::Append(Append::new("chat", &[9; 300]))).unwrap();
    let Assembled::Round(next) = log.assemble().unwrap() else { panic!("no round") };
    assert!(!log.may_seal(&next), "a kill and then a power cut could lose the first of the two");
    log.sync(&last).unwrap();
    assert!(log.may_seal(&next));
}

#[test]
fn one_damaged_manifest_is_healed_and_two_are_refused() {
    let disk = SimDisk::new();
    a_log(&disk, 1).close().unwrap();
    flip(&disk, "MANIFEST-A", 30);
    reopen(&disk).close().unwrap();
    flip(&disk, "MANIFEST-B", 30);
    assert_eq!(seqs(&reopen(&disk)), [1], "the first was healed");
    flip(&disk, "MANIFEST-A", 30);
    flip(&disk, "MANIFEST-B", 30);
    refused(&disk);
}

#[test]
fn a_corrupt_journal_opened_read_only_serves_what_lies_before_the_damage() {
    let disk = SimDisk::new();
    a_log(&disk, 3).close().unwrap();
    flip(&disk, &journal(1), SECTOR * 2 + 100);
    let before = disk.files();
    let read_only = Options { read_only: true, ..options() };
    let log = Log::open(&env(&disk, 2), &read_only).unwrap();
    assert_eq!(seqs(&log), [1]);
    assert!(matches!(log.damage(), Some(Error::Corrupt { .. })));
    drop(log);
    assert_eq!(disk.files(), before);
}

#[test]
fn the_unsafe_class_gets_a_new_epoch_after_a_power_cut_and_keeps_it_after_a_kill() {
    let options = Options { durability: Durability::PageCacheUnsafe, ..options() };
    let epoch = |disk: &SimDisk| {
        let log = Log::open(&env(disk, 3), &options).unwrap();
        log.reader().epoch()
    };
    let disk = SimDisk::new();
    let log = Log::open(&env(&disk, 1), &options).unwrap();
    let first = log.reader().epoch();
    let cut = disk.cut();
    assert_eq!(epoch(&cut.kill()), first, "the page cache survives a kill");
    assert_ne!(epoch(&cut.power_cut(Survivors::All)), first, "acked records may be gone");
    log.close().unwrap();
    let closed = disk.cut().power_cut(Survivors::None);
    assert_eq!(epoch(&closed), first, "a clean close makes all durable");
}
