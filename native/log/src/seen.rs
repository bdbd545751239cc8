//! How readers, seals and merges come to see a chat: in RAM, or looked up for the moment.
//!
//! Invariant: what is seen is durable and of one moment; a chat that is loaded or evicted while
//! somebody looks is looked at again.

use crate::error::Result;
use crate::hash::ChatKey;
use crate::lookup::Cold;
use crate::reader::Reader;
use crate::shared::Shared;
use crate::state::chat::ChatState;
use crate::view::Waiting;

/// A chat as a reader sees it.
pub(crate) struct Seen<'a> {
    /// `None` for a chat that no effect ever touched.
    pub chat: Option<&'a ChatState>,
    /// The retention clock as of the last applied batch.
    pub retention_now: u64,
}

impl Shared {
    /// Looks at a chat. `None` where the disk would have to be waited for.
    pub(crate) fn see<T>(
        &self,
        key: ChatKey,
        waiting: Waiting,
        look: impl FnOnce(Seen<'_>) -> T,
    ) -> Result<Option<T>> {
        loop {
            {
                let states = self.states.read();
                let retention_now = states.retention_now;
                let chat = states.find_chat(key);
                if chat.is_some() || self.is_never_seen(&states, key) {
                    return Ok(Some(look(Seen { chat, retention_now })));
                }
            }
            let cold = self.look_up(key, waiting)?;
            let retention_now = || self.states.read().retention_now;
            match cold {
                Cold::InRam => {}
                Cold::WouldWait => return Ok(None),
                Cold::NeverSeen => {
                    return Ok(Some(look(Seen { chat: None, retention_now: retention_now() })));
                }
                Cold::Chat(chat) => {
                    let retention_now = retention_now();
                    return Ok(Some(look(Seen { chat: Some(&chat), retention_now })));
                }
            }
        }
    }
}

impl Reader {
    /// See `Shared::see`.
    pub(crate) fn see<T>(
        &self,
        key: ChatKey,
        waiting: Waiting,
        look: impl FnOnce(Seen<'_>) -> T,
    ) -> Result<Option<T>> {
        self.shared.see(key, waiting, look)
    }
}
