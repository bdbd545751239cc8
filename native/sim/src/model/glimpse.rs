//! What a workload may look at to choose arguments that are likely to matter.

use foq_log::{Outcome, Ticket};

use super::Model;
use crate::operation::Op;

/// Where a chat stands after all that was judged.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Glimpse {
    /// Last seq.
    pub head: u64,
    /// The stored floor.
    pub floor: u64,
    /// The compare-and-append counter.
    pub guard: u64,
    /// Number of the joined set.
    pub roster: u64,
    /// The marks version.
    pub marks_version: u32,
    /// Consumers with their `received`, and whether they are joined.
    pub cursors: Vec<(String, u64, bool)>,
}

impl Model {
    /// Every chat that was ever spoken of.
    #[must_use]
    pub fn chats(&self) -> Vec<String> {
        self.judged.keys().cloned().collect()
    }

    /// Looks at one chat.
    #[must_use]
    pub fn glimpse(&self, chat: &str) -> Glimpse {
        let Some(chat) = self.judged.get(chat) else {
            return Glimpse { floor: 1, ..Glimpse::default() };
        };
        let cursors = chat.cursors.iter();
        Glimpse {
            head: chat.head,
            floor: chat.floor,
            guard: chat.guard,
            roster: chat.roster,
            marks_version: chat.marks_version,
            cursors: cursors
                .map(|(id, cursor)| (id.clone(), cursor.received, cursor.closing.is_none()))
                .collect(),
        }
    }
}

impl Model {
    /// The last round that an answer rests on: what survives the end of the process, whatever
    /// the store's class.
    #[must_use]
    pub fn acked_round(&self) -> u64 {
        self.acked
    }

    /// The answer that is expected of an operation that was judged.
    #[must_use]
    pub fn expected_answer(&self, ticket: Ticket) -> Option<&Outcome> {
        self.expected.get(&ticket).map(|expected| &expected.outcome)
    }
}

/// The operation's name in objections.
pub(super) fn name(op: &Op) -> &'static str {
    match op {
        Op::Append(_) => "append",
        Op::Ack { .. } => "ack",
        Op::Join { .. } => "join",
        Op::Leave { .. } => "leave",
        Op::Forget { .. } => "forget",
        Op::Trim { .. } => "trim",
        Op::DeleteRecords { .. } => "deleteRecords",
        Op::DeleteChat { .. } => "deleteChat",
        Op::Configure { .. } => "configure",
    }
}
