//! What a listener takes: the chats that changed for it, as they stand now.

use super::{AttachmentId, Wants};
use crate::reader::Reader;
use crate::view::{NewsPage, NewsRow};

impl Reader {
    pub(crate) fn attach(&self, owner: u32, consumer_id: &str) -> (AttachmentId, bool) {
        let name = self.shared.hashes.name(consumer_id.as_bytes());
        self.shared.news.attach(owner, Wants::Consumer(name))
    }

    pub(crate) fn watch(&self, owner: u32, chat_id: &str) -> (AttachmentId, bool) {
        let key = self.shared.hashes.chat(chat_id.as_bytes());
        self.shared.news.attach(owner, Wants::Chat(key))
    }

    /// At most `limit` changed chats, each taken from the attachment before it is read: what
    /// changes in between is noted again.
    pub(crate) fn take_news(&self, owner: u32, id: AttachmentId, limit: usize) -> NewsPage {
        // Before anything is taken: what is taken by its index must not be evicted.
        let states = self.shared.states.read();
        let taken = self.shared.news.take(owner, id, limit);
        let mut page = NewsPage { rows: Vec::new(), fenced: taken.fenced, ended: taken.ended };
        let Some(wants) = taken.wants.filter(|_| !taken.chats.is_empty()) else { return page };
        let store = &self.shared.options.retention;
        for index in taken.chats {
            let chat = states.chat(index);
            let version = chat.members.as_ref().map_or(0, |members| members.marks_version);
            let mut row = NewsRow {
                chat_id: chat.chat_id.to_string(),
                first_seq: chat.floor_at(store, states.retention_now),
                head_seq: chat.head,
                received: 0,
                last_seq: chat.head,
                join_seq: 0,
                marks_version: version,
                marks: false,
                gone: false,
            };
            if let Wants::Consumer(name) = wants {
                let mut live = chat.cursors(store, states.retention_now);
                match live.find(|cursor| cursor.name == name) {
                    Some(cursor) => {
                        row.received = cursor.received;
                        row.join_seq = cursor.join_seq;
                        row.last_seq = cursor.last_seq(chat.head);
                        row.marks = version > cursor.marks_seen;
                    }
                    None => row.gone = true,
                }
            }
            page.rows.push(row);
        }
        page
    }
}
