//! Several requests, one read.

use crate::env::sim::{CallKind, Dice, Fault, FaultRule};
use crate::simulated::{Simulated, append, simulated};
use crate::view::{ReadPart, ReadRequest, ReadStop, RecordView, Waiting};
use crate::{Append, Operation, ReadFrom};

const KIB: usize = 1 << 10;

fn ask(chat_id: &str, from: u64, limit: usize) -> ReadRequest<'_> {
    ReadRequest { chat_id, from: ReadFrom::Seq(from), limit }
}

/// What was given, as `request:seq`, and how each request ended.
fn read(log: &Simulated, requests: &[ReadRequest<'_>], bytes: usize) -> (String, Vec<ReadPart>) {
    let mut given = Vec::new();
    let visit = &mut |number: usize, record: &RecordView<'_>| {
        given.push(format!("{number}:{}", record.seq));
    };
    let parts = log.reader.read_many(requests, bytes, Waiting::Allowed, visit);
    (given.join(" "), parts)
}

fn stops(parts: &[ReadPart]) -> Vec<&'static str> {
    let stop = |part: &ReadPart| match &part.stop {
        ReadStop::Complete => "complete",
        ReadStop::BytesMax => "bytes",
        ReadStop::WouldWait => "wait",
        ReadStop::Failed(error) => error.code(),
    };
    parts.iter().map(stop).collect()
}

fn three_chats() -> Simulated {
    let mut log = simulated();
    for _ in 0..3 {
        log.commit(&["a", "b", "c"].map(|chat| append(chat, &[7; KIB])));
    }
    log
}

#[test]
fn requests_are_served_in_order_and_share_the_bytes() {
    let log = three_chats();
    let requests = [ask("b", 2, 9), ask("never", 1, 9), ask("a", 1, 2), ask("c", 1, 9)];
    let (given, parts) = read(&log, &requests, usize::MAX);
    assert_eq!(given, "0:2 0:3 2:1 2:2 3:1 3:2 3:3");
    assert_eq!(stops(&parts), ["complete"; 4]);
    let (given, parts) = read(&log, &requests, 3 * KIB + 200);
    assert_eq!(given, "0:2 0:3 2:1");
    assert_eq!(stops(&parts), ["complete", "complete", "bytes", "bytes"]);
    assert_eq!(parts.iter().map(|part| part.count).collect::<Vec<_>>(), [2, 0, 1, 0]);
    assert_eq!((parts[3].head_seq, parts[3].first_seq), (3, 1), "not reached, and still described");
    assert_eq!(read(&log, &requests, 0).0, "0:2", "the first record is given whatever its size");
}

#[test]
fn a_request_that_fails_leaves_the_others_as_they_are() {
    let mut log = three_chats();
    log.commit(&[Operation::Trim { chat_id: "c", up_to_seq: 2 }]);
    let (given, parts) = read(&log, &[ask("a", 5, 1), ask("b", 4, 1), ask("c", 1, 9)], KIB);
    assert_eq!(given, "2:3");
    assert_eq!(stops(&parts), ["FOQ_SEQ_OUT_OF_RANGE", "complete", "complete"]);
    assert_eq!(parts[2].gap.map(|gap| (gap.from_seq, gap.to_seq)), Some((1, 2)));
}

#[test]
fn who_reads_backwards_gets_the_newest_that_fit() {
    let mut log = simulated();
    log.commit(&(1..=9).map(|_| append("a", &[7; 600])).collect::<Vec<_>>());
    log.commit(&[Operation::Trim { chat_id: "a", up_to_seq: 2 }]);
    let back = |from, limit| ReadRequest { chat_id: "a", from, limit };
    let (given, parts) = read(&log, &[back(ReadFrom::Before(8), 9)], 2 * KIB);
    assert_eq!((given.as_str(), stops(&parts)), ("0:5 0:6 0:7", vec!["bytes"]));
    assert!(parts[0].gap.is_none(), "it lies below what was left out");
    let (given, _) = read(&log, &[back(ReadFrom::Before(5), 9)], 2 * KIB);
    assert_eq!(given, "0:3 0:4");
    let (given, _) = read(&log, &[back(ReadFrom::Last, 5), ask("a", 3, 1)], 1);
    assert_eq!(given, "0:9", "one is given whatever its size");
}

#[test]
fn damage_ends_its_request_behind_the_records_before_it() {
    let mut log = simulated();
    log.commit(&(1..=4).map(|n| append("a", &[7; 600][n..])).collect::<Vec<_>>());
    log.commit(&[append("b", b"whole")]);
    let (path, bytes) =
        log.disk.files().into_iter().find(|(path, _)| path.ends_with(".jnl")).unwrap();
    let third = bytes.windows(600 - 3).position(|found| found == &[7; 600 - 3][..]);
    let third = third.map(|first| first + 2 * 600).unwrap() as u64;
    log.disk.damage(&path, third + 80, &[8]);
    let (given, parts) = read(&log, &[ask("a", 1, 9), ask("b", 1, 9)], usize::MAX);
    assert_eq!((given.as_str(), stops(&parts)), ("0:1 0:2 1:1", vec!["FOQ_CORRUPT", "complete"]));
}

#[test]
fn neighbours_are_read_by_one_call_and_a_failed_one_is_tried_again_alone() {
    let mut log = simulated();
    for _ in 0..20 {
        log.commit(&[append("a", &[7; 100]), append("b", &[7; 100])]);
    }
    let reads = |log: &Simulated| {
        let trace = log.disk.take_trace();
        trace.iter().filter(|call| call.kind == CallKind::Read).count()
    };
    log.disk.trace(1000);
    assert_eq!(read(&log, &[ask("a", 1, 20)], usize::MAX).1[0].count, 20);
    assert_eq!(reads(&log), 1);
    log.disk.add_fault(FaultRule::nth(CallKind::Read, 1, Fault::Io));
    let (_, parts) = read(&log, &[ask("a", 1, 20)], usize::MAX);
    assert_eq!((parts[0].count, stops(&parts)), (20, vec!["complete"]));
}

#[test]
fn whatever_the_layout_reads_give_what_was_appended() {
    for seed in 0..40 {
        let mut dice = Dice::new(seed);
        let mut log = simulated();
        let mut appended: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        for _ in 0..40 {
            for _ in 0..=dice.below(5) {
                let chat = *dice.pick(&[0_usize, 1, 2]);
                let length = *dice.pick(&[0_usize, 10, 500, 5000, 8 * KIB]);
                let payload = vec![u8::try_from(dice.below(256)).unwrap(); length];
                let chat_id = ["x", "y", "z"][chat];
                log.log.submit(0, &Operation::Append(Append::new(chat_id, &payload))).unwrap();
                appended[chat].push(payload);
            }
            log.commit(&[]);
        }
        let from = 1 + dice.below(3);
        let requests = ["z", "x", "y"].map(|chat| ask(chat, from, 1000));
        let mut given: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        let visit = &mut |number: usize, record: &RecordView<'_>| {
            given[number].push(record.payload.to_vec());
        };
        log.reader.read_many(&requests, usize::MAX, Waiting::Never, visit);
        for (given, appended) in given.iter().zip([2, 0, 1].map(|chat| &appended[chat])) {
            let before = usize::try_from(from - 1).unwrap();
            let wanted: Vec<&Vec<u8>> = appended.iter().skip(before).collect();
            assert_eq!(given.iter().collect::<Vec<_>>(), wanted, "seed {seed}");
        }
    }
}
