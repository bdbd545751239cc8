//! Sealing on a simulated disk: what was in the journal is found in tables.

use std::sync::atomic::Ordering::Relaxed;

use crate::simulated::{append, join, options, received, simulated, simulated_with};
use crate::{Options, Outcome, ReadFrom};

#[test]
fn sealed_chats_are_as_they_were() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), append("chat", b"one"), append("chat", b"two")]);
    log.commit(&[append("other", b"three"), received("chat", "ann", 1)]);
    let reader = log.reader.clone();
    let before = (reader.head("chat").unwrap(), reader.cursors("chat").unwrap());
    log.seal();
    assert_eq!(reader.shared.states.read().len(), 0, "all chats left RAM");
    assert_eq!(before, (reader.head("chat").unwrap(), reader.cursors("chat").unwrap()));
}

#[test]
fn a_chat_that_was_replayed_and_not_asked_for_is_sealed_whole() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), append("chat", b"one")]);
    log.seal();
    log.commit(&[append("other", b"two"), append("chat", b"two")]);
    let before = log.reader.head("chat").unwrap();
    let mut log = log.reopened();
    assert_eq!(log.reader.shared.states.read().partials.len(), 2);
    assert_eq!(log.reader.head("chat").unwrap(), before);
    log.seal();
    assert_eq!(log.reader.shared.states.read().partials.len(), 0);
    assert_eq!(log.reader.head("chat").unwrap(), before);
    assert_eq!(log.reader.head("other").unwrap().head_seq, 1);
    log.commit(&[append("other", b"three")]);
    assert_eq!(log.reader.head("other").unwrap().head_seq, 2);
}

#[test]
fn appends_wait_for_sealing_that_is_far_behind_and_acks_do_not() {
    let options = Options { journal_window_bytes: 192 << 10, ..options() };
    let mut log = simulated_with(&options);
    log.commit(&[join("chat", "ann")]);
    let payload = [7; 8 << 10];
    let mut slowed = 0;
    let refused = (0..200).find_map(|_| match log.commit(&[append("chat", &payload)]).pop() {
        Some(Outcome::Failed(error)) => Some(error),
        _ => {
            slowed += u32::from(log.log.slowing_ms() > 0);
            None
        }
    });
    assert_eq!(refused.unwrap().code(), "FOQ_BUSY");
    assert!(slowed > 0, "rounds were slowed before any append was refused");
    assert!(matches!(log.commit(&[received("chat", "ann", 1)])[..], [Outcome::Acked]));
    log.seal();
    assert_eq!(log.log.slowing_ms(), 0);
    assert!(matches!(log.commit(&[append("chat", b"again")])[..], [Outcome::Appended { .. }]));
}

#[test]
fn a_chat_that_somebody_was_told_of_stays_until_he_takes_it() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann")]);
    let reader = log.reader.clone();
    let (attachment, _) = reader.attach(0, "ann");
    log.commit(&[append("chat", b"one")]);
    log.seal();
    assert_eq!(reader.shared.states.read().len(), 1, "she may ask for it by its index");
    assert_eq!(reader.take_news(0, attachment, 10).rows[0].head_seq, 1);
    log.commit(&[append("other", b"two")]);
    log.seal();
    assert_eq!(reader.shared.states.read().len(), 0, "nobody has it any more");
}

#[test]
fn who_is_fenced_or_detached_holds_no_chat() {
    for fenced in [true, false] {
        let mut log = simulated();
        log.commit(&[join("chat", "ann")]);
        let reader = log.reader.clone();
        let (attachment, _) = reader.attach(0, "ann");
        log.commit(&[append("chat", b"one")]);
        if fenced {
            reader.attach(1, "ann");
        } else {
            reader.shared.news.detach(0, attachment);
        }
        log.seal();
        assert_eq!(reader.shared.states.read().len(), 0, "fenced: {fenced}");
    }
}

#[test]
fn sealed_files_lie_ready_for_the_next_burst_and_go_one_by_one_in_quiet_times() {
    const WINDOW_FILES: usize = 16;
    let window = WINDOW_FILES as u64 * u64::from(options().journal_file_bytes);
    let mut log = simulated_with(&Options { journal_window_bytes: window, ..options() });
    while log.log.unsealed().journal_files < WINDOW_FILES / 2 {
        log.commit(&[append("chat", &[7; 8 << 10])]);
    }
    log.seal();
    let counts = &log.reader.shared.counts;
    let retired = counts.seals.load(Relaxed);
    let retired = usize::try_from(retired).unwrap();
    let disk = log.log.env.disk.clone();
    let files = || disk.list("journal").unwrap().len();
    let in_use = files() - retired;
    let maker = log.log.spare_maker();
    maker.remove_some().unwrap();
    assert_eq!(files(), in_use + WINDOW_FILES / 4);
    maker.trim().unwrap();
    assert_eq!(files(), in_use + WINDOW_FILES / 4 - 1);
    (0..WINDOW_FILES).for_each(|_| maker.trim().unwrap());
    assert_eq!(files(), in_use + usize::from(options().spares), "as many as spares may need");
}

/// Rounds lie across the places where one read of the file ends and the next begins, and most
/// records are dead by then.
#[test]
fn what_lives_of_a_file_that_is_read_in_many_steps_is_as_it_was() {
    const RECORDS: u64 = 300;
    let options = Options { journal_file_bytes: 2 << 20, ..options() };
    let mut log = simulated_with(&options);
    log.commit(&[join("slow", "ann"), join("quick", "ann")]);
    let payload = |seq: u64| {
        let byte = u8::try_from(seq % 251).unwrap();
        vec![byte; 3000 + 16 * usize::from(byte)]
    };
    for seq in 1..=RECORDS {
        let bytes = payload(seq);
        log.commit(&[append("slow", &bytes), append("quick", &bytes)]);
        log.commit(&[received("quick", "ann", seq)]);
    }
    let files = log.log.unsealed().journal_files;
    assert!(files > 1, "files are full");
    log.seal();
    let read = log.reader.read("slow", ReadFrom::Seq(1), 1000, 64 << 20).unwrap();
    let found: Vec<(u64, Vec<u8>)> =
        read.records.into_iter().map(|record| (record.seq, record.payload)).collect();
    assert_eq!(found.len() as u64, RECORDS);
    assert!(found.iter().all(|(seq, bytes)| *bytes == payload(*seq)), "payloads are as they were");
    let dropped = log.reader.shared.counts.dropped_records.load(Relaxed);
    assert_eq!(dropped, RECORDS, "what all have received is in no table");
}
