//! Operations that own their data, so that workloads can be made, kept, printed and replayed.

use std::fmt;

use foq_log::{Append, ChatOptions, JoinAt, Operation, Sender};

/// An owned `foq_log::Operation`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(missing_docs, reason = "mirrors foq_log::Operation field by field")]
pub enum Op {
    Append(OwnedAppend),
    Ack {
        chat: String,
        consumer: String,
        received: Option<u64>,
        delivered: Option<u64>,
        read: Option<u64>,
        marks_seen: Option<u32>,
        durable: bool,
    },
    Join {
        chat: String,
        consumer: String,
        at: JoinAt,
    },
    Leave {
        chat: String,
        consumer: String,
        join_seq: Option<u64>,
    },
    Forget {
        chat: String,
        consumer: String,
    },
    Trim {
        chat: String,
        up_to_seq: u64,
    },
    DeleteRecords {
        chat: String,
        ranges: Vec<(u64, u64)>,
    },
    DeleteChat {
        chat: String,
    },
    Configure {
        chat: String,
        options: ChatOptions,
    },
}

/// An owned `foq_log::Append`.
#[derive(Clone, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "mirrors foq_log::Append field by field")]
pub struct OwnedAppend {
    pub chat: String,
    pub payload: Vec<u8>,
    /// `Sender::As`.
    pub sender_as: Option<String>,
    /// `Sender::Id`; only one of the two is set.
    pub sender_id: Option<String>,
    pub dedup_key: Option<Vec<u8>>,
    pub dedup_over: Option<Vec<u8>>,
    pub guard: Option<(u64, u64)>,
    pub if_head: Option<u64>,
    pub if_roster: Option<u64>,
    pub join: Vec<String>,
    pub leave: Vec<String>,
    pub pin: bool,
    pub kind: u8,
}

impl Op {
    /// Lends the operation in the form the log takes.
    pub fn with<R>(&self, take: impl FnOnce(&Operation<'_>) -> R) -> R {
        let operation = match self {
            Self::Append(append) => return append.with(|append| take(&Operation::Append(append))),
            Self::Ack { chat, consumer, received, delivered, read, marks_seen, durable } => {
                Operation::Ack {
                    chat_id: chat,
                    consumer_id: consumer,
                    received: *received,
                    delivered: *delivered,
                    read: *read,
                    marks_seen: *marks_seen,
                    durable: *durable,
                }
            }
            Self::Join { chat, consumer, at } => {
                Operation::Join { chat_id: chat, consumer_id: consumer, at: *at }
            }
            Self::Leave { chat, consumer, join_seq } => {
                Operation::Leave { chat_id: chat, consumer_id: consumer, join_seq: *join_seq }
            }
            Self::Forget { chat, consumer } => {
                Operation::Forget { chat_id: chat, consumer_id: consumer }
            }
            Self::Trim { chat, up_to_seq } => {
                Operation::Trim { chat_id: chat, up_to_seq: *up_to_seq }
            }
            Self::DeleteRecords { chat, ranges } => {
                Operation::DeleteRecords { chat_id: chat, ranges }
            }
            Self::DeleteChat { chat } => Operation::DeleteChat { chat_id: chat },
            Self::Configure { chat, options } => {
                Operation::Configure { chat_id: chat, options: *options }
            }
        };
        take(&operation)
    }

    /// The chat it touches.
    #[must_use]
    pub fn chat(&self) -> &str {
        match self {
            Self::Append(append) => &append.chat,
            Self::Ack { chat, .. }
            | Self::Join { chat, .. }
            | Self::Leave { chat, .. }
            | Self::Forget { chat, .. }
            | Self::Trim { chat, .. }
            | Self::DeleteRecords { chat, .. }
            | Self::DeleteChat { chat }
            | Self::Configure { chat, .. } => chat,
        }
    }
}

/// Only what is set, and of the payload the size.
impl fmt::Debug for OwnedAppend {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = |bytes: &Vec<u8>| String::from_utf8_lossy(bytes).into_owned();
        let mut fields = out.debug_struct("Append");
        fields.field("chat", &self.chat).field("payload_bytes", &self.payload.len());
        let mut set = |name: &str, is_set: bool, value: &dyn fmt::Debug| {
            if is_set {
                fields.field(name, value);
            }
        };
        set("sender_as", self.sender_as.is_some(), &self.sender_as.as_ref());
        set("sender_id", self.sender_id.is_some(), &self.sender_id.as_ref());
        set("dedup_key", self.dedup_key.is_some(), &self.dedup_key.as_ref().map(text));
        set("dedup_over", self.dedup_over.is_some(), &self.dedup_over.as_ref().map(text));
        set("guard", self.guard.is_some(), &self.guard);
        set("if_head", self.if_head.is_some(), &self.if_head);
        set("if_roster", self.if_roster.is_some(), &self.if_roster);
        set("join", !self.join.is_empty(), &self.join);
        set("leave", !self.leave.is_empty(), &self.leave);
        set("pin", self.pin, &self.pin);
        fields.field("kind", &self.kind).finish()
    }
}

impl OwnedAppend {
    fn with<R>(&self, take: impl FnOnce(Append<'_>) -> R) -> R {
        let join: Vec<&str> = self.join.iter().map(String::as_str).collect();
        let leave: Vec<&str> = self.leave.iter().map(String::as_str).collect();
        let sender = match (&self.sender_as, &self.sender_id) {
            (Some(consumer), _) => Sender::As(consumer),
            (None, Some(id)) => Sender::Id(id),
            (None, None) => Sender::None,
        };
        take(Append {
            chat_id: &self.chat,
            payload: &self.payload,
            sender,
            dedup_key: self.dedup_key.as_deref(),
            dedup_over: self.dedup_over.as_deref(),
            guard: self.guard,
            if_head: self.if_head,
            if_roster: self.if_roster,
            join: &join,
            leave: &leave,
            pin: self.pin,
            kind: self.kind,
        })
    }
}
