//! The operations of exhaustive runs: all short sequences of these are tried.

use foq_log::{ChatOptions, JoinAt, Keep};

use crate::operation::{Op, OwnedAppend};

const CHAT: &str = "chat";
const ANN: &str = "ann";
const BOB: &str = "bob";
/// Spans more than two sectors, so that a cut tears it.
const WIDE_PAYLOAD_BYTES: usize = 1200;
/// A limit that two of them pass.
const SHORT_OF_TWO_BYTES: u64 = 1600;

/// What an exhaustive run does next.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(clippy::large_enum_variant, reason = "a few at a time")]
pub enum Letter {
    /// Submits an operation.
    Op(Op),
    /// A seal begins and copies the chats; what is next comes in between, then it ends.
    BeginSeal,
    /// All is sealed, and no chat is in RAM when the next operation comes.
    Seal,
}

/// Some twenty operations, nearly all on one chat, that meet each other in every way that matters,
/// and seals.
#[must_use]
pub fn alphabet() -> Vec<Letter> {
    let operations = operations().into_iter().map(Letter::Op);
    operations.chain([Letter::BeginSeal, Letter::Seal]).collect()
}

fn operations() -> Vec<Op> {
    vec![
        plain(b"one"),
        plain(&[7; WIDE_PAYLOAD_BYTES]),
        Op::Append(OwnedAppend { chat: "other".to_owned(), ..OwnedAppend::default() }),
        Op::Append(OwnedAppend { sender_as: Some(BOB.to_owned()), ..append(b"bob's") }),
        Op::Append(OwnedAppend { if_head: Some(0), ..append(b"created") }),
        keyed(b"one", None),
        keyed(b"two", Some((0, 1))),
        keyed(b"one", Some((0, 1))),
        membership(&[ANN, BOB], &[]),
        membership(&[], &[BOB]),
        Op::Join { chat: CHAT.to_owned(), consumer: BOB.to_owned(), at: JoinAt::First },
        Op::Leave { chat: CHAT.to_owned(), consumer: BOB.to_owned(), join_seq: None },
        Op::Leave { chat: CHAT.to_owned(), consumer: BOB.to_owned(), join_seq: Some(1) },
        Op::Forget { chat: CHAT.to_owned(), consumer: BOB.to_owned() },
        ack(1, true),
        ack(1, false),
        marks_ahead(),
        Op::DeleteRecords { chat: CHAT.to_owned(), ranges: vec![(1, 1)] },
        Op::Trim { chat: CHAT.to_owned(), up_to_seq: 1 },
        Op::DeleteChat { chat: CHAT.to_owned() },
        Op::Configure {
            chat: CHAT.to_owned(),
            options: ChatOptions {
                keep: Some(Keep::Forever),
                max_bytes: Some(SHORT_OF_TWO_BYTES),
                ..ChatOptions::default()
            },
        },
    ]
}

fn append(payload: &[u8]) -> OwnedAppend {
    OwnedAppend { chat: CHAT.to_owned(), payload: payload.to_vec(), ..OwnedAppend::default() }
}

fn plain(payload: &[u8]) -> Op {
    Op::Append(append(payload))
}

fn keyed(payload: &[u8], guard: Option<(u64, u64)>) -> Op {
    Op::Append(OwnedAppend {
        sender_id: Some(ANN.to_owned()),
        dedup_key: Some(b"key".to_vec()),
        guard,
        ..append(payload)
    })
}

fn membership(join: &[&str], leave: &[&str]) -> Op {
    let owned = |ids: &[&str]| ids.iter().map(|&id| id.to_owned()).collect();
    Op::Append(OwnedAppend {
        sender_as: Some(ANN.to_owned()),
        join: owned(join),
        leave: owned(leave),
        pin: true,
        ..append(b"who is in")
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

/// Read and delivered without being received.
fn marks_ahead() -> Op {
    Op::Ack {
        chat: CHAT.to_owned(),
        consumer: ANN.to_owned(),
        received: None,
        delivered: Some(1),
        read: Some(1),
        marks_seen: Some(1),
        durable: true,
    }
}
