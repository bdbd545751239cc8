//! A round of two batches: no local store writes one yet, but recovery takes it whole or not at
//! all. Made here byte by byte.

use std::sync::Arc;

use crate::env::Env;
use crate::env::sim::{SimClock, SimDisk, SimRandom};
use crate::format::batch::{BatchHeader, FLAG_ROUND_CONTINUES, Place, batch_header};
use crate::format::checksum::crc32c;
use crate::format::{effect, put};
use crate::log::Log;
use crate::reader::Reader;
use crate::simulated::{append, options, simulated};

/// A batch of these effects at this place, with its checksum.
fn sealed(place: Place<'_>, header: &BatchHeader, effects: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; batch_header::SIZE];
    header.encode(&mut bytes);
    let mut crc = place.seed();
    let mut rest = effects;
    while let Some((head, whole)) = effect::lengths(rest) {
        crc = crc32c(crc, &rest[..head]);
        rest = &rest[whole..];
    }
    crc = crc32c(crc, &bytes[batch_header::MAGIC..]);
    put(&mut bytes, batch_header::CRC32C, &crc.to_le_bytes());
    bytes.extend_from_slice(effects);
    bytes
}

/// A store whose second round is two batches, and where the second of them lies.
fn a_continued_round() -> (SimDisk, String, u64) {
    let mut log = simulated();
    log.commit(&[append("chat", b"a")]);
    let round = log.log.rounds().0;
    let (file_id, begin) = (log.log.file.as_ref().unwrap().file_id, log.log.end);
    let mut batches: Vec<Vec<u8>> = Vec::new();
    for (chat, flags) in [("chat", FLAG_ROUND_CONTINUES), ("other", 0)] {
        log.log.submit(0, &append(chat, b"b")).unwrap();
        let assembled = log.assembled().unwrap();
        let effects = &assembled.bytes[batch_header::SIZE..assembled.batch_bytes as usize];
        let header = BatchHeader {
            flags,
            batch_bytes: assembled.batch_bytes,
            effect_count: 1,
            round: round + 1,
            position: assembled.position,
            at: assembled.at,
            shard: 0,
            retention_at: assembled.retention_at,
            mark_back: 1,
            index: round + 1,
            term: 0,
        };
        let byte_offset = begin + batches.concat().len() as u64;
        let place = Place { store_id: &log.log.shared.store_id, file_id, byte_offset };
        batches.push(sealed(place, &header, effects));
    }
    let path = format!("journal/{file_id:016x}.jnl");
    let second = begin + batches[0].len() as u64;
    log.disk.damage(&path, begin, &batches.concat());
    (log.disk.clone(), path, second)
}

fn reopened(disk: &SimDisk) -> (Log, Reader) {
    let env = Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SimClock::new(1_767_225_600_000)),
        random: Arc::new(SimRandom::new(2)),
    };
    let log = Log::open(&env, &options()).unwrap();
    let reader = log.reader();
    (log, reader)
}

fn heads(reader: &Reader) -> [u64; 2] {
    ["chat", "other"].map(|chat| reader.head(chat).unwrap().head_seq)
}

#[test]
fn a_round_of_two_batches_is_recovered_whole_and_the_log_goes_on_behind_it() {
    let (disk, _, second) = a_continued_round();
    assert!(!second.is_multiple_of(512), "batches of a round follow directly");
    let (mut log, reader) = reopened(&disk);
    assert_eq!((heads(&reader), log.rounds().0), ([2, 1], 2));
    for chat in ["chat", "other"] {
        let from = crate::ReadFrom::Last;
        assert_eq!(reader.read(chat, from, 1, 1 << 20).unwrap().records[0].payload, b"b");
    }
    log.submit(0, &append("chat", b"c")).unwrap();
    log.finish().unwrap();
    drop(log);
    let (log, reader) = reopened(&disk);
    assert_eq!(heads(&reader), [3, 1]);
    drop(log);
}

#[test]
fn a_round_whose_second_batch_is_torn_is_cut_whole() {
    let (disk, path, second) = a_continued_round();
    disk.damage(&path, second + 8, &[0xFF]);
    let (log, reader) = reopened(&disk);
    assert_eq!((heads(&reader), log.rounds().0), ([1, 0], 1));
}

#[test]
fn a_round_that_says_it_continues_and_does_not_is_cut() {
    let (disk, path, second) = a_continued_round();
    disk.damage(&path, second, &[0; batch_header::SIZE]);
    let (log, reader) = reopened(&disk);
    assert_eq!((heads(&reader), log.rounds().0), ([1, 0], 1));
}
