//! Notes the chats that a round touched, around its application: what a chat and its cursors were
//! before tells who lost one, what they are afterwards tells who must hear.
//!
//! Invariant: `begin` and `end` are called under one write lock of the states. While nobody is
//! attached a round costs one branch; else a look per effect, and a lookup per cursor of each
//! touched chat.

use std::collections::HashMap;

use super::{AttachmentId, Attachments, Change, News};
use crate::format::effect::kind;
use crate::round::Round;
use crate::state::{ChatIndex, States};

/// One touched chat, as it was before the round.
struct Touched {
    chat: ChatIndex,
    /// Only acks touched it: then only what others may see is news.
    only_acks: bool,
    floor: u64,
    marks_version: u32,
    /// How many of `listeners` have a cursor here.
    listeners: usize,
}

/// The notes of one round; its buffers are used again.
#[derive(Default)]
pub(crate) struct Noting {
    touched: Vec<Touched>,
    places: HashMap<ChatIndex, usize>,
    /// Attachments whose consumers have a cursor in a touched chat, chat after chat.
    listeners: Vec<AttachmentId>,
    /// Those of one chat, afterwards.
    after: Vec<AttachmentId>,
}

impl Noting {
    /// Before the round's effects are applied.
    #[inline]
    pub fn begin(&mut self, news: &News, states: &States, round: &Round) {
        if !news.is_idle() {
            self.look(&news.lock(), states, round);
        }
    }

    /// After they are.
    #[inline]
    pub fn end(&mut self, news: &News, states: &States) {
        if !self.touched.is_empty() {
            self.note(&mut news.lock(), states);
        }
    }

    fn look(&mut self, attachments: &Attachments, states: &States, round: &Round) {
        for placed in &round.effects {
            let acks = round.bytes.get(placed.start as usize) == Some(&kind::ACKS);
            let place = *self.places.entry(placed.chat).or_insert(self.touched.len());
            if let Some(touched) = self.touched.get_mut(place) {
                touched.only_acks &= acks;
                continue;
            }
            let chat = states.chat(placed.chat);
            let before = self.listeners.len();
            if let Some(members) = &chat.members {
                let ids = members.cursors.iter().filter_map(|cursor| attachments.of(cursor.name));
                self.listeners.extend(ids);
            }
            self.touched.push(Touched {
                chat: placed.chat,
                only_acks: acks,
                floor: chat.floor,
                marks_version: chat.members.as_ref().map_or(0, |members| members.marks_version),
                listeners: self.listeners.len() - before,
            });
        }
    }

    fn note(&mut self, attachments: &mut Attachments, states: &States) {
        let mut listeners = self.listeners.drain(..);
        for touched in self.touched.drain(..) {
            let chat = states.chat(touched.chat);
            let members = chat.members.as_deref();
            let version = members.map_or(0, |members| members.marks_version);
            let all = !touched.only_acks || chat.floor != touched.floor;
            let others = version != touched.marks_version;
            let change = if all { Change::Any } else { Change::Marks };
            self.after.clear();
            for cursor in members.into_iter().flat_map(|members| &members.cursors) {
                let Some(id) = attachments.of(cursor.name) else { continue };
                self.after.push(id);
                // Its own marks alone are no news to a consumer.
                if all || (others && version > cursor.marks_seen) {
                    attachments.note(id, touched.chat, change);
                }
            }
            note_lost(&mut listeners, &touched, &self.after, attachments);
            if all || others {
                attachments.note_watches(chat.key, touched.chat, change);
            }
        }
        drop(listeners);
        self.places.clear();
    }
}

/// Notes the chat for those who had a cursor in it and have none. Cursors keep their order, so
/// that almost always one look at each is enough.
fn note_lost(
    listeners: &mut impl Iterator<Item = AttachmentId>,
    touched: &Touched,
    after: &[AttachmentId],
    attachments: &mut Attachments,
) {
    let mut rest = after;
    for before in listeners.take(touched.listeners) {
        match rest.split_first() {
            Some((kept, behind)) if *kept == before => rest = behind,
            _ if after.contains(&before) => {}
            _ => attachments.note(before, touched.chat, Change::Any),
        }
    }
}
