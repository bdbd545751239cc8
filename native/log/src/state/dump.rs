//! What a dump says of a chat's state.

use super::chat::{ChatState, Cold};
use super::cursor::Cursor;
use crate::json::Line;

impl ChatState {
    /// Appends what the state says; empty parts are left out.
    pub(crate) fn dump_fields(&self, line: Line) -> Line {
        let line = line
            .text("chatId", self.chat_id.as_bytes())
            .number("asOf", self.as_of)
            .number("head", self.head)
            .number("floor", self.floor)
            .number("lastAt", self.last_at);
        let line = match &self.members {
            None => line,
            Some(members) => {
                let cursors: Vec<String> = members.cursors.iter().map(cursor_object).collect();
                line.number("roster", members.roster)
                    .number("marksVersion", u64::from(members.marks_version))
                    .objects("cursors", &cursors)
            }
        };
        self.cold().into_iter().fold(line, cold_fields)
    }
}

fn cursor_object(cursor: &Cursor) -> String {
    let line = Line::inner()
        .text("consumerId", cursor.consumer_id.as_bytes())
        .number("seat", u64::from(cursor.seat))
        .number("joinSeq", cursor.join_seq)
        .number("received", cursor.received)
        .number("delivered", cursor.delivered())
        .number("read", cursor.read)
        .number("marksSeen", u64::from(cursor.marks_seen))
        .number("listed", u64::from(cursor.listed))
        .optional("leaveSeq", cursor.closing().map(|closing| closing.leave_seq))
        .optional("leftAt", cursor.closing().map(|closing| closing.at));
    line.pairs("holes", cursor.holes().iter().copied()).finish()
}

fn cold_fields(line: Line, cold: &Cold) -> Line {
    let remembered = cold.rings.iterate().map(|ring| ring.appends.len() as u64).sum();
    let reason = cold.floor_reason.map(|reason| format!("{reason:?}").to_lowercase());
    let line = match reason {
        Some(reason) => line.text("floorReason", reason.as_bytes()),
        None => line,
    };
    line.number("guard", cold.guard)
        .optional("keep", cold.options.keep.map(|keep| u64::from(keep.byte())))
        .optional("maxAgeMs", cold.options.max_age_ms)
        .optional("keepAtLeastMs", cold.options.keep_at_least_ms)
        .optional("maxBytes", cold.options.max_bytes)
        .optional("pinnedSeq", cold.pinned.map(|pinned| pinned.seq))
        .pairs("deleted", cold.deleted.iter().copied())
        .number("remembered", remembered)
}
