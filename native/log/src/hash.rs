//! Keyed hashes of names. The key is made with the store, so that no caller can aim for a clash.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;
use siphasher::sip128::{Hasher128, SipHasher13 as SipHasher13Of128};

/// 128-bit keyed hash of a chatId: the chat's identity inside the store.
pub(crate) type ChatKey = u128;

/// The hash functions of one store.
#[derive(Clone, Copy)]
pub(crate) struct Hashes {
    key: [u8; 16],
}

impl Hashes {
    pub fn new(key: [u8; 16]) -> Self {
        Self { key }
    }

    /// The chat key; its top 14 bits are the slot.
    #[inline]
    pub fn chat(&self, chat_id: &[u8]) -> ChatKey {
        let mut hasher = SipHasher13Of128::new_with_key(&self.key);
        hasher.write(chat_id);
        hasher.finish128().as_u128()
    }

    /// Identity of a consumer or sender inside a chat, or of a dedup key.
    #[inline]
    pub fn name(&self, name: &[u8]) -> u64 {
        let mut hasher = SipHasher13::new_with_key(&self.key);
        hasher.write(name);
        hasher.finish()
    }
}
