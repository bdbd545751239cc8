//! A disk that fills up, and has space again.

use std::fs;
use std::path::Path;

use foq_log::{Operation, Options};

use crate::place::{Place, append, ask, code, joined, open, options, records, skipped};

/// Appends that fit no disk of this test.
const APPENDS_MAX: u32 = 2_000;
/// Attempts until service resumes: the disk is looked at about once a second.
const ATTEMPTS_MAX: u32 = 10_000_000;
/// Acks that fill several journal files, a sector each.
const ACKS: u64 = 1000;

fn an_ack(received: u64) -> Operation<'static> {
    Operation::Ack {
        chat_id: "chat",
        consumer_id: "ann/phone",
        received: Some(received),
        delivered: None,
        read: None,
        marks_seen: None,
        durable: true,
    }
}

fn filled(number: usize) -> Vec<u8> {
    vec![(number % 251) as u8; 4000]
}

fn small() -> Options {
    Options { journal_file_bytes: 64 << 10, ..options() }
}

/// That the store holds the payloads, in order.
fn holds(dir: &Path, count: usize) {
    let store = open(dir, &small()).unwrap();
    let found = records(&store.reader());
    assert_eq!(found.len(), count);
    assert!(found.iter().enumerate().all(|(number, payload)| *payload == filled(number)));
    store.close().unwrap();
}

#[test]
fn a_full_disk_refuses_appends_takes_acks_and_resumes_by_itself() {
    let name = "a_full_disk_refuses_appends_takes_acks_and_resumes_by_itself";
    let place = match Place::mounted("full", 3 << 20) {
        Ok(place) => place,
        Err(reason) => return skipped(name, &reason),
    };
    let ballast = place.path().join("ballast");
    fs::write(&ballast, vec![0; 1 << 20]).unwrap();
    let store = open(&place.store(), &small()).unwrap();
    joined(&store);
    let mut acked = 0;
    let refusal = loop {
        let answer = append(&store, &filled(acked));
        if code(&answer) != "ok" {
            break code(&answer);
        }
        acked += 1;
        assert!(acked < APPENDS_MAX as usize, "the disk fills up");
    };
    assert_eq!(refusal, "FOQ_DISK_FULL");
    assert!(store.poisoned().is_none());
    for received in 1..=acked as u64 {
        assert_eq!(code(&ask(&store, &an_ack(received))), "ok", "acks go on");
    }
    assert_eq!(records(&store.reader()).len(), acked, "reads go on");
    fs::remove_file(&ballast).unwrap();
    let resumed = (0..ATTEMPTS_MAX).find(|_| code(&append(&store, &filled(acked))) == "ok");
    assert!(resumed.is_some(), "service resumes");
    store.close().unwrap();
    holds(&place.store(), acked + 1);
}

#[test]
fn a_disk_too_small_for_a_store_is_said_to_be() {
    let place = match Place::mounted("tiny", 64 << 10) {
        Ok(place) => place,
        Err(reason) => return skipped("a_disk_too_small_for_a_store_is_said_to_be", &reason),
    };
    let error = open(&place.store(), &small()).err().unwrap();
    assert!(["FOQ_DISK_FULL", "FOQ_UNAVAILABLE"].contains(&error.code()), "{error}");
}

#[test]
fn a_store_opens_on_a_disk_without_a_free_byte_and_takes_acks() {
    let name = "a_store_opens_on_a_disk_without_a_free_byte_and_takes_acks";
    let place = match Place::mounted("no-byte", 2 << 20) {
        Ok(place) => place,
        Err(reason) => return skipped(name, &reason),
    };
    let store = open(&place.store(), &small()).unwrap();
    joined(&store);
    assert_eq!(code(&append(&store, &filled(0))), "ok");
    store.close().unwrap();
    fill(&place.path().join("ballast"));
    let store = open(&place.store(), &small()).unwrap();
    assert_eq!(records(&store.reader()), [filled(0)]);
    assert_eq!(code(&append(&store, &filled(1))), "FOQ_DISK_FULL");
    assert_eq!(code(&ask(&store, &an_ack(1))), "ok");
    store.close().unwrap();
    holds(&place.store(), 1);
}

#[test]
fn on_a_disk_without_a_free_byte_acks_go_on_for_longer_than_the_journal_has_files() {
    let name = "on_a_disk_without_a_free_byte_acks_go_on_for_longer_than_the_journal_has_files";
    let place = match Place::mounted("outlast", 8 << 20) {
        Ok(place) => place,
        Err(reason) => return skipped(name, &reason),
    };
    let sealing = Options { journal_window_bytes: 64 << 10, ..small() };
    let store = open(&place.store(), &sealing).unwrap();
    joined(&store);
    (0..ACKS).for_each(|_| assert_eq!(code(&append(&store, b"few bytes")), "ok"));
    store.look_again();
    assert!(place.store().join("reserve").exists());
    let ballast = place.path().join("ballast");
    fill(&ballast);
    for received in 1..=ACKS {
        assert_eq!(code(&ask(&store, &an_ack(received))), "ok", "ack {received}");
    }
    assert_eq!(code(&append(&store, &filled(0))), "FOQ_DISK_FULL");
    assert!(store.poisoned().is_none());
    assert!(!place.store().join("reserve").exists(), "it was needed");
    fs::remove_file(&ballast).unwrap();
    store.look_again();
    assert_eq!(code(&append(&store, &filled(0))), "ok", "service resumes");
    store.look_again();
    assert!(place.store().join("reserve").exists(), "it is there for the next time");
    store.close().unwrap();
}

/// Until not a byte is left.
fn fill(ballast: &Path) {
    let mut ballast = fs::File::create(ballast).unwrap();
    let filling = std::io::copy(&mut std::io::repeat(0), &mut ballast).unwrap_err();
    assert_eq!(filling.kind(), std::io::ErrorKind::StorageFull);
}
