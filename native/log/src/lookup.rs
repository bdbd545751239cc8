//! Looking up a chat that is not in RAM: its row in the state tables, and on top of it what replay
//! left unapplied. Anyone may do it, from any thread; only the committer installs what was found.
//!
//! Invariant: a chat that was not in RAM when the effects and then the tables were taken is found
//! as it was at some moment since. In that order: what is sealed meanwhile is in the newer tables,
//! and an effect that a row has taken in is applied no second time.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;

use crate::catalog::TableSet;
use crate::env::{DiskFile, read_exact};
use crate::error::{Error, Result};
use crate::format::effect::Effect;
use crate::hash::ChatKey;
use crate::planted::{Bug, planted};
use crate::shared::Shared;
use crate::state::States;
use crate::state::chat::{ApplyContext, ChatState};
use crate::state::partial::{BatchTimes, Unapplied};
use crate::state::row;
use crate::table::{Found, Probe, Table};
use crate::view::Waiting;

/// What is known of a chat that is not in RAM.
pub(crate) enum Cold {
    /// Its state, whole.
    Chat(Box<ChatState>),
    /// No effect ever touched it.
    NeverSeen,
    /// It is in RAM by now.
    InRam,
    /// The disk would have to be waited for.
    WouldWait,
}

/// One lookup, for a reader's thread; made by the committer, and its result goes back to it.
pub struct Lookup {
    pub(crate) key: ChatKey,
    pub(crate) shared: Arc<Shared>,
}

/// What a lookup found.
pub struct FoundChat {
    pub(crate) key: ChatKey,
    pub(crate) found: Result<Option<Box<ChatState>>>,
    /// What was sealed when the lookup began.
    pub(crate) sealed_position: u64,
}

impl Lookup {
    /// Whether replay left effects of the chat that are not applied yet.
    #[must_use]
    pub fn is_partial(&self) -> bool {
        self.shared.states.read().partials.contains(self.key)
    }

    /// Blocks on the disk.
    #[must_use]
    pub fn run(self) -> FoundChat {
        let sealed_position = self.shared.catalog.sealed_position();
        let found = match self.shared.look_up(self.key, Waiting::Allowed) {
            Ok(Cold::Chat(chat)) => Ok(Some(chat)),
            Ok(_) => Ok(None),
            Err(error) => Err(error),
        };
        FoundChat { key: self.key, found, sealed_position }
    }
}

/// An effect to apply, under which times, and the file it lies in.
struct Pinned {
    effect: Unapplied,
    times: BatchTimes,
    file: Arc<dyn DiskFile>,
}

impl Shared {
    /// The state of a chat that is not in RAM.
    pub(crate) fn look_up(&self, key: ChatKey, waiting: Waiting) -> Result<Cold> {
        self.cold_lookups.fetch_add(1, Relaxed);
        let effects = {
            let states = self.states.read();
            if states.find(key).is_some() {
                return Ok(Cold::InRam);
            }
            self.pinned_effects(&states, key)?
        };
        if !effects.is_empty() && waiting == Waiting::Never {
            return Ok(Cold::WouldWait);
        }
        let Some(base) = self.catalog.look(|set| base_row(set, key, waiting))? else {
            return Ok(Cold::WouldWait);
        };
        let base = base.filter(|_| effects.is_empty() || !planted(Bug::PartialWithoutBase));
        let mut chat = match base {
            Some((table, row)) => Some(row::decode(key, &self.hashes, &row).ok_or_else(|| {
                let path = table.info().path();
                Error::corrupt(path, 0..table.info().file_bytes, "a chat's row makes no sense")
            })?),
            None => None,
        };
        for pinned in &effects {
            self.apply_again(&mut chat, key, pinned)?;
        }
        Ok(chat.map_or(Cold::NeverSeen, |chat| Cold::Chat(Box::new(chat))))
    }

    /// Whether no effect ever touched the chat, as far as can be said without waiting.
    pub(crate) fn is_never_seen(&self, states: &States, key: ChatKey) -> bool {
        if states.partials.contains(key) {
            return false;
        }
        let set = self.catalog.set();
        let prefix = key.to_be_bytes();
        set.states
            .iter()
            .all(|table| matches!(table.may_contain(&prefix, Waiting::Never), Ok(Probe::Absent)))
    }

    /// The chat's effects that replay left, with their files, which are not recycled meanwhile.
    fn pinned_effects(&self, states: &States, key: ChatKey) -> Result<Vec<Pinned>> {
        let pin = |effect: &Unapplied| {
            let times = states.partials.times_of(effect.position);
            let file = self.file(effect.pointer);
            let (Some(times), Some(file)) = (times, file) else {
                return Err(gone(effect));
            };
            Ok(Pinned { effect: *effect, times, file })
        };
        states.partials.of(key).iter().map(pin).collect()
    }

    fn apply_again(
        &self,
        chat: &mut Option<ChatState>,
        key: ChatKey,
        pinned: &Pinned,
    ) -> Result<()> {
        let Pinned { effect: unapplied, times, file } = pinned;
        let pointer = unapplied.pointer;
        let mut bytes = vec![0_u8; usize::try_from(pointer.length_bytes()).unwrap_or_default()];
        read_exact(&**file, pointer.byte_offset(), &mut bytes)
            .map_err(|source| unread(unapplied, source))?;
        let effect = Some(&bytes).filter(|bytes| unapplied.is(bytes));
        let Some(effect) = effect.and_then(|bytes| Effect::decode(bytes)) else {
            let range = pointer.byte_offset()..pointer.byte_offset() + pointer.length_bytes();
            let what = "an effect does not verify that did when the store was opened";
            return Err(Error::corrupt(name(unapplied), range, what));
        };
        let context = ApplyContext {
            hashes: self.hashes,
            retention: &self.options.retention,
            dedup_depth: usize::from(self.options.dedup_depth),
            retention_now: times.retention_now,
            at: times.at,
            position: unapplied.position,
            pointer,
        };
        let chat_id = std::str::from_utf8(effect.chat_id()).unwrap_or_default();
        chat.get_or_insert_with(|| ChatState::new(key, chat_id)).apply(&effect, &context);
        Ok(())
    }
}

type Row = Option<(Arc<Table>, Vec<u8>)>;

/// The newest row of a chat; `None` where the disk would have to be waited for.
fn base_row(set: &TableSet, key: ChatKey, waiting: Waiting) -> Result<Option<Row>> {
    let key = key.to_be_bytes();
    for table in &set.states {
        match table.get(&key, waiting)? {
            Found::Value(row) => return Ok(Some(Some((Arc::clone(table), row.to_vec())))),
            Found::Missing => {}
            Found::WouldWait => return Ok(None),
        }
    }
    Ok(Some(None))
}

fn name(effect: &Unapplied) -> String {
    format!("journal file {}", effect.pointer.file())
}

fn gone(effect: &Unapplied) -> Error {
    let begin = effect.pointer.byte_offset();
    Error::corrupt(name(effect), begin..begin + effect.pointer.length_bytes(), "the file is gone")
}

fn unread(effect: &Unapplied, source: io::Error) -> Error {
    Error::io("a journal file cannot be read", name(effect), source)
}
