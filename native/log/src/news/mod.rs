//! News: who wants to hear of which chats, and which of them changed.
//!
//! An attachment hears of every chat in which its consumer has a cursor, or (a watch) of one chat.
//! What is kept for it is a set of changed chats and never what changed in them: who takes a chat
//! reads where it stands now. So memory is bounded by the number of chats, and nobody waits for a
//! slow listener.
//!
//! Invariants:
//! - A chat is noted (`noting`) under the write lock of the states under which its durable change
//!   becomes visible. Whoever attaches and then reads has therefore either read the change or is
//!   told of it; what is not durable is neither.
//! - A chat is in an attachment's set at most once, in the order in which it first changed.
//! - An attachment is rung when it has something to hear, and not again until a `take` left
//!   nothing: `rung` is set exactly from the ring to that `take`. The two are decided under one
//!   lock, so that no ring is lost between them.
//! - Marks of others ring nobody by themselves: each ack of each member would ring all the others.
//!   They wait for the next ring, or for `ring_quiet`, which whoever takes the rings owes them.
//! - One attachment a consumer hears; a newer one fences it. The fenced one is rung once more.
//! - Locks: the states' may be held when this one is taken, never the other way round. Whoever
//!   takes chats holds the states' until it has read them: a chat that is in a set is not evicted,
//!   and one that was taken out is known by its index only.

pub(crate) mod noting;
mod rows;
#[cfg(test)]
mod tests;

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::atomic::{AtomicUsize, Ordering};

use parking_lot::Mutex;

use crate::hash::ChatKey;
use crate::state::{ChatIndex, KeyMap};

/// Names an attachment; not given again while it lives.
pub type AttachmentId = u32;

/// No attachment's number: what the whole store suffers from has changed.
pub const CONDITIONS: AttachmentId = 0;

/// What an attachment hears of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wants {
    /// The chats of a consumer, by the keyed hash of its id.
    Consumer(u64),
    /// One chat, whoever is in it.
    Chat(ChatKey),
}

/// What there is to hear of a chat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Nothing but marks of others.
    Marks,
    Any,
}

/// An attachment that is to be rung, and whose it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Ring {
    pub owner: u32,
    pub attachment: AttachmentId,
}

/// What `take` found.
#[derive(Debug, Default)]
pub(crate) struct Taken {
    /// `None` once detached.
    pub wants: Option<Wants>,
    pub chats: Vec<ChatIndex>,
    pub fenced: bool,
    pub ended: bool,
}

/// See `News::noted`.
pub(crate) struct Noted<'a>(parking_lot::MutexGuard<'a, Attachments>);

impl Noted<'_> {
    pub fn contains(&self, chat: ChatIndex) -> bool {
        self.0.noted.contains_key(&chat)
    }
}

struct Attachment {
    owner: u32,
    wants: Wants,
    /// Changed chats, oldest change first, and the same as a set.
    changed: VecDeque<ChatIndex>,
    noted: HashSet<ChatIndex>,
    rung: bool,
    /// Among the quiet.
    quiet: bool,
    fenced: bool,
}

/// See the module.
#[derive(Default)]
pub(crate) struct News {
    /// Attachments that live. Read without the lock: who attaches and then reads a chat meets the
    /// states' lock after the committer, who looks at this while it holds that lock.
    live: AtomicUsize,
    attachments: Mutex<Attachments>,
}

/// Behind the lock.
#[derive(Default)]
pub(crate) struct Attachments {
    by_id: HashMap<AttachmentId, Attachment>,
    consumers: KeyMap<u64, AttachmentId>,
    watches: HashMap<ChatKey, Vec<AttachmentId>>,
    last_id: AttachmentId,
    /// At most one per attachment.
    rings: Vec<Ring>,
    /// In how many sets of changed chats a chat is.
    noted: HashMap<ChatIndex, u32>,
    /// Have something to hear that rings nobody yet.
    quiet: Vec<AttachmentId>,
    ended: bool,
}

impl News {
    /// Whether nobody listens.
    #[inline]
    pub fn is_idle(&self) -> bool {
        self.live.load(Ordering::Relaxed) == 0
    }

    /// A new attachment of `owner`; says whether somebody must be rung because of it.
    pub fn attach(&self, owner: u32, wants: Wants) -> (AttachmentId, bool) {
        let mut attachments = self.attachments.lock();
        let id = attachments.add(owner, wants);
        self.live.store(attachments.by_id.len(), Ordering::Relaxed);
        (id, !attachments.rings.is_empty())
    }

    /// Ends an attachment of `owner`; another's, or one that has ended, is left as it is.
    pub fn detach(&self, owner: u32, id: AttachmentId) {
        let mut attachments = self.attachments.lock();
        if attachments.by_id.get(&id).is_some_and(|attachment| attachment.owner == owner) {
            attachments.remove(id);
        }
        self.live.store(attachments.by_id.len(), Ordering::Relaxed);
    }

    /// Ends every attachment of `owner`, who is never rung again.
    pub fn detach_all(&self, owner: u32) {
        let mut attachments = self.attachments.lock();
        let owned = attachments.by_id.iter().filter(|(_, attachment)| attachment.owner == owner);
        let owned: Vec<AttachmentId> = owned.map(|(id, _)| *id).collect();
        owned.into_iter().for_each(|id| attachments.remove(id));
        self.live.store(attachments.by_id.len(), Ordering::Relaxed);
    }

    /// Takes at most `limit` changed chats of an attachment.
    pub fn take(&self, owner: u32, id: AttachmentId, limit: usize) -> Taken {
        let mut attachments = self.attachments.lock();
        let ended = attachments.ended;
        let attachment = attachments.by_id.get_mut(&id).filter(|found| found.owner == owner);
        let Some(attachment) = attachment else { return Taken { ended, ..Taken::default() } };
        let count = limit.max(1).min(attachment.changed.len());
        let chats: Vec<ChatIndex> = attachment.changed.drain(..count).collect();
        for chat in &chats {
            attachment.noted.remove(chat);
        }
        if attachment.changed.is_empty() {
            attachment.rung = false;
            // A burst is over: an idle listener holds no memory.
            attachment.changed = VecDeque::new();
            attachment.noted = HashSet::new();
        }
        let (wants, fenced) = (Some(attachment.wants), attachment.fenced);
        attachments.forget_noted(chats.iter().copied());
        Taken { wants, chats, fenced, ended }
    }

    /// Moves the attachments that are to be rung to `into`; says whether some are quiet, which
    /// `ring_quiet` has to end before long.
    pub fn take_rings(&self, into: &mut Vec<Ring>) -> bool {
        if self.is_idle() {
            return false;
        }
        let mut attachments = self.attachments.lock();
        into.append(&mut attachments.rings);
        !attachments.quiet.is_empty()
    }

    /// Rings those who have waited with marks alone.
    pub fn ring_quiet(&self) {
        let mut attachments = self.attachments.lock();
        for id in std::mem::take(&mut attachments.quiet) {
            let Some(attachment) = attachments.by_id.get_mut(&id) else { continue };
            attachment.quiet = false;
            if !attachment.changed.is_empty() {
                attachments.ring(id);
            }
        }
    }

    /// Nothing more will become durable, as the store is poisoned or closed: rings everybody.
    pub fn end(&self) {
        let mut attachments = self.attachments.lock();
        attachments.ended = true;
        let ids: Vec<AttachmentId> = attachments.by_id.keys().copied().collect();
        ids.into_iter().for_each(|id| attachments.ring(id));
    }

    /// Says of chats whether somebody was told of them by index and has not taken them yet; nobody
    /// is told of any meanwhile.
    pub fn noted(&self) -> Noted<'_> {
        Noted(self.attachments.lock())
    }

    /// For `noting`.
    fn lock(&self) -> parking_lot::MutexGuard<'_, Attachments> {
        self.attachments.lock()
    }
}

impl Attachments {
    fn add(&mut self, owner: u32, wants: Wants) -> AttachmentId {
        let mut id = self.last_id.wrapping_add(1);
        while id == CONDITIONS || self.by_id.contains_key(&id) {
            id = id.wrapping_add(1);
        }
        self.last_id = id;
        let attachment = Attachment {
            owner,
            wants,
            changed: VecDeque::new(),
            noted: HashSet::new(),
            rung: false,
            quiet: false,
            fenced: false,
        };
        self.by_id.insert(id, attachment);
        match wants {
            Wants::Consumer(name) => {
                if let Some(older) = self.consumers.insert(name, id) {
                    self.fence(older);
                }
            }
            Wants::Chat(key) => self.watches.entry(key).or_default().push(id),
        }
        if self.ended {
            self.ring(id);
        }
        id
    }

    fn fence(&mut self, id: AttachmentId) {
        if let Some(attachment) = self.by_id.get_mut(&id) {
            attachment.fenced = true;
            attachment.noted.clear();
            let changed = std::mem::take(&mut attachment.changed);
            self.forget_noted(changed.into_iter());
        }
        self.ring(id);
    }

    fn remove(&mut self, id: AttachmentId) {
        let Some(attachment) = self.by_id.remove(&id) else { return };
        self.forget_noted(attachment.changed.into_iter());
        self.rings.retain(|ring| ring.attachment != id);
        match attachment.wants {
            Wants::Consumer(name) if self.consumers.get(&name) == Some(&id) => {
                self.consumers.remove(&name);
            }
            Wants::Consumer(_) => {}
            Wants::Chat(key) => {
                let watches = self.watches.entry(key).or_default();
                watches.retain(|watch| *watch != id);
                if watches.is_empty() {
                    self.watches.remove(&key);
                }
            }
        }
    }

    /// These chats left the set of an attachment.
    fn forget_noted(&mut self, chats: impl Iterator<Item = ChatIndex>) {
        for chat in chats {
            if let Entry::Occupied(mut noted) = self.noted.entry(chat) {
                *noted.get_mut() -= 1;
                if *noted.get() == 0 {
                    noted.remove();
                }
            }
        }
    }

    /// The attachment that hears for a consumer.
    fn of(&self, name: u64) -> Option<AttachmentId> {
        self.consumers.get(&name).copied()
    }

    /// Notes a change of `chat` for an attachment.
    fn note(&mut self, id: AttachmentId, chat: ChatIndex, change: Change) {
        let Some(attachment) = self.by_id.get_mut(&id).filter(|found| !found.fenced) else {
            return;
        };
        if attachment.noted.insert(chat) {
            attachment.changed.push_back(chat);
            *self.noted.entry(chat).or_default() += 1;
        }
        match change {
            Change::Any => self.ring(id),
            Change::Marks if attachment.rung || attachment.quiet => {}
            Change::Marks => {
                attachment.quiet = true;
                self.quiet.push(id);
            }
        }
    }

    /// Notes a change of `chat` for those who watch it.
    fn note_watches(&mut self, key: ChatKey, chat: ChatIndex, change: Change) {
        for nth in 0..self.watches.get(&key).map_or(0, Vec::len) {
            let id = self.watches.get(&key).and_then(|watches| watches.get(nth)).copied();
            id.into_iter().for_each(|id| self.note(id, chat, change));
        }
    }

    fn ring(&mut self, id: AttachmentId) {
        let Some(attachment) = self.by_id.get_mut(&id).filter(|found| !found.rung) else { return };
        attachment.rung = true;
        self.rings.push(Ring { owner: attachment.owner, attachment: id });
    }
}
