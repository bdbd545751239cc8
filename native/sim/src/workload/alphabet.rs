//! The operations of exhaustive runs: all short sequences of these are tried.

use foq_log::JoinAt;

use crate::operation::{Op, OwnedAppend};

const CHAT: &str = "chat";
const ANN: &str = "ann";
const BOB: &str = "bob";
/// Spans more than two sectors, so that a cut tears it.
const WIDE_PAYLOAD_BYTES: usize = 1200;

/// A dozen operations on one chat that meet each other in every way that matters.
#[must_use]
pub fn alphabet() -> Vec<Op> {
    vec![
        plain(b"one".to_vec()),
        plain(vec![7; WIDE_PAYLOAD_BYTES]),
        keyed(b"one", None),
        keyed(b"two", Some((0, 1))),
        keyed(b"one", Some((0, 1))),
        membership(&[ANN, BOB], &[]),
        membership(&[], &[BOB]),
        Op::Join { chat: CHAT.to_owned(), consumer: BOB.to_owned(), at: JoinAt::First },
        Op::Leave { chat: CHAT.to_owned(), consumer: BOB.to_owned(), join_seq: None },
        ack(1, true),
        ack(1, false),
        Op::DeleteRecords { chat: CHAT.to_owned(), ranges: vec![(1, 1)] },
        Op::Trim { chat: CHAT.to_owned(), up_to_seq: 1 },
        Op::DeleteChat { chat: CHAT.to_owned() },
    ]
}

fn plain(payload: Vec<u8>) -> Op {
    Op::Append(OwnedAppend { chat: CHAT.to_owned(), payload, ..OwnedAppend::default() })
}

fn keyed(payload: &[u8], guard: Option<(u64, u64)>) -> Op {
    Op::Append(OwnedAppend {
        chat: CHAT.to_owned(),
        payload: payload.to_vec(),
        sender_id: Some(ANN.to_owned()),
        dedup_key: Some(b"key".to_vec()),
        guard,
        ..OwnedAppend::default()
    })
}

fn membership(join: &[&str], leave: &[&str]) -> Op {
    let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
    Op::Append(OwnedAppend {
        chat: CHAT.to_owned(),
        payload: b"who is in".to_vec(),
        sender_as: Some(ANN.to_owned()),
        join: owned(join),
        leave: owned(leave),
        pin: true,
        ..OwnedAppend::default()
    })
}

fn ack(up_to: u64, durable: bool) -> Op {
    Op::Ack {
        chat: CHAT.to_owned(),
        consumer: BOB.to_owned(),
        received: Some(up_to),
        delivered: None,
        read: Some(up_to),
        marks_seen: None,
        durable,
    }
}
