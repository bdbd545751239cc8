//! What the child does, as a function of the seed: so that the parent, which was never told,
//! knows every byte that may be in the store.

use std::fmt::Write;

use foq_log::{Append, Sender};

/// Caller threads of a child.
pub const THREADS: u32 = 3;
/// Chats that all threads share.
pub const CHATS: [&str; 4] = ["chat-0", "chat-1", "chat-2", "chat-3"];
/// Consumers: one acks for each thread, and one never acks.
pub const WATCHER: &str = "watcher/phone";
/// Operations of one thread that may be unanswered; below the depth of the dedup rings.
pub const IN_FLIGHT_MAX: u64 = 48;
/// Payload bytes of one child, all threads together.
pub const ROUND_BYTES_MAX: u64 = 4 << 20;

/// The consumer for which a thread acks, and as which it sends.
pub fn consumer(thread: u32) -> String {
    format!("user-{thread}/phone")
}

/// One of the chats.
pub fn chat(numbers: &mut Numbers) -> &'static str {
    let [first, second, third, fourth] = CHATS;
    match numbers.below(4) {
        0 => first,
        1 => second,
        2 => third,
        _ => fourth,
    }
}

/// A small generator with good spread; the same seed gives the same numbers for ever.
#[derive(Clone)]
pub struct Numbers(u64);

impl Numbers {
    /// Numbers that depend on all of `parts`.
    pub fn new(parts: &[u64]) -> Self {
        let mut numbers = Self(0x9e37_79b9_7f4a_7c15);
        for part in parts {
            numbers.0 ^= *part;
            numbers.next();
        }
        numbers
    }

    /// The next 64 bits (splitmix64).
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `limit`, which is not 0.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }
}

/// Names one append of a run: the same everywhere, and written into its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Id {
    /// Round of kills.
    pub round: u64,
    /// Caller thread.
    pub thread: u32,
    /// Number of the operation in that thread.
    pub number: u64,
}

/// Who sends an append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum From {
    /// `Sender::As`, keyed.
    Consumer(String),
    /// `Sender::Id`, keyed.
    BackEnd(String),
    /// Nobody, without a key.
    Nobody,
}

/// One append, whole.
#[derive(Clone, Debug)]
pub struct AnAppend {
    /// Its name.
    pub id: Id,
    /// Its chat.
    pub chat: &'static str,
    /// Its sender.
    pub from: From,
    /// Its bytes, which begin with its name.
    pub payload: Vec<u8>,
    key: String,
}

impl AnAppend {
    /// The append that `id` names in a run with this seed.
    pub fn new(seed: u64, id: Id) -> Self {
        let mut numbers = Numbers::new(&[seed, id.round, u64::from(id.thread), id.number]);
        let chat = chat(&mut numbers);
        let from = match numbers.below(8) {
            0..4 => From::Consumer(consumer(id.thread)),
            4..7 => From::BackEnd(format!("back-end-{}", id.thread)),
            _ => From::Nobody,
        };
        let key = format!("{}.{}.{}", id.round, id.thread, id.number);
        let mut payload = format!("{key}|").into_bytes();
        let bits = 3 + numbers.below(8);
        for _ in 0..numbers.below(1 << bits) {
            payload.push(numbers.next().to_le_bytes()[0]);
        }
        Self { id, chat, from, payload, key }
    }

    /// The name in a payload.
    pub fn id_of(payload: &[u8]) -> Option<Id> {
        let name = payload.split(|&byte| byte == b'|').next()?;
        let mut parts = std::str::from_utf8(name).ok()?.split('.');
        let round = parts.next()?.parse().ok()?;
        let thread = parts.next()?.parse().ok()?;
        Some(Id { round, thread, number: parts.next()?.parse().ok()? })
    }

    /// Whether a retry is recognised.
    pub fn is_keyed(&self) -> bool {
        self.from != From::Nobody
    }

    /// The name of the sender as records show it.
    pub fn sender_id(&self) -> &str {
        match &self.from {
            From::Consumer(name) | From::BackEnd(name) => name,
            From::Nobody => "",
        }
    }

    /// As the log takes it.
    pub fn operation(&self) -> Append<'_> {
        let sender = match &self.from {
            From::Consumer(name) => Sender::As(name),
            From::BackEnd(name) => Sender::Id(name),
            From::Nobody => Sender::None,
        };
        let dedup_key = self.is_keyed().then_some(self.key.as_bytes());
        Append { sender, dedup_key, ..Append::new(self.chat, &self.payload) }
    }
}

/// One line of the child's report. A line about a submission is written before it is made, one
/// about an answer after it came: so nothing is in the store that was not announced, and
/// whatever is reported as answered is durable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// The store is open, and all consumers are joined.
    Ready,
    /// This append is about to be submitted.
    Append { thread: u32, number: u64 },
    /// It was answered.
    Appended { thread: u32, number: u64, seq: u64, at: u64 },
    /// This ack of the thread's consumer is about to be submitted.
    Ack { chat: String, thread: u32, received: u64, durable: bool },
    /// A durable one was answered.
    Acked { chat: String, thread: u32, received: u64 },
    /// All was done before the kill.
    End,
    /// The child saw something that must not be.
    Wrong(String),
}

impl Line {
    /// Adds the line to a report.
    pub fn write(&self, report: &mut String) {
        let written = match self {
            Self::Ready => writeln!(report, "ready"),
            Self::Append { thread, number } => writeln!(report, "append {thread} {number}"),
            Self::Appended { thread, number, seq, at } => {
                writeln!(report, "appended {thread} {number} {seq} {at}")
            }
            Self::Ack { chat, thread, received, durable } => {
                writeln!(report, "ack {chat} {thread} {received} {durable}")
            }
            Self::Acked { chat, thread, received } => {
                writeln!(report, "acked {chat} {thread} {received}")
            }
            Self::End => writeln!(report, "end"),
            Self::Wrong(what) => writeln!(report, "wrong {}", what.replace('\n', " ")),
        };
        written.expect("a string takes what is written");
    }

    /// Reads a whole line, without its end.
    pub fn read(line: &str) -> Option<Self> {
        let mut words = line.split(' ');
        let word = words.next()?;
        let mut rest = || words.next();
        Some(match word {
            "ready" => Self::Ready,
            "append" => Self::Append { thread: number(rest())?, number: number(rest())? },
            "appended" => Self::Appended {
                thread: number(rest())?,
                number: number(rest())?,
                seq: number(rest())?,
                at: number(rest())?,
            },
            "ack" => Self::Ack {
                chat: rest()?.to_owned(),
                thread: number(rest())?,
                received: number(rest())?,
                durable: rest()? == "true",
            },
            "acked" => Self::Acked {
                chat: rest()?.to_owned(),
                thread: number(rest())?,
                received: number(rest())?,
            },
            "end" => Self::End,
            "wrong" => Self::Wrong(line.to_owned()),
            _ => return None,
        })
    }
}

fn number<N: std::str::FromStr>(word: Option<&str>) -> Option<N> {
    word?.parse().ok()
}
