//! After a seal: chats forget where the sealed records lay in the journal, those with nothing
//! newer leave RAM, and the file goes to the spares once no reader has it.

use std::sync::Arc;

use super::{JournalPart, SealJob, SealedFile};
use crate::hash::ChatKey;
use crate::log::Log;
use crate::news::Noted;
use crate::planted::{Bug, planted};
use crate::state::pointer::Pointer;
use crate::state::{ChatIndex, States};

/// So many journal files are never too many.
const FILES_ALWAYS: usize = 4;
/// The longest pause between two rounds.
const SLOWING_MS_MAX: u64 = 20;

/// Chats that the committer deals with at a time, so that appends wait for no more.
const CHATS_PER_TURN: usize = 512;

/// A sealed file whose chats are being told.
pub(crate) struct Releasing {
    sealed: SealedFile,
    done: usize,
    listed: usize,
}

/// See `Log::unsealed`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsealed {
    /// Chats in RAM for which nobody is noted, and with nothing on its way.
    pub chats: usize,
    /// Chats of which replay left effects.
    pub partial_chats: usize,
    /// Journal files that are not sealed.
    pub journal_files: usize,
}

impl Log {
    /// A job for the oldest journal file, where its time has come: the journal is larger than its
    /// window, or the file is older, or the disk has no room for another. At most one at a time.
    pub fn begin_seal(&mut self) -> Option<SealJob> {
        if self.sealing || self.releasing.is_some() || !self.is_seal_due() {
            return None;
        }
        self.seal_oldest()
    }

    /// A job for the oldest journal file, due or not.
    pub fn seal_oldest(&mut self) -> Option<SealJob> {
        if self.sealing || self.releasing.is_some() || self.check_writable().is_err() {
            return None;
        }
        let rests = self.assembled.round == self.durable.round;
        if self.journal.len() == 1 && rests && self.end > crate::format::SECTOR_BYTES {
            // The file is not full, and nothing more comes.
            self.rotate();
        }
        if planted(Bug::SealedByUndurableAck) {
            self.leak_undurable_acks();
        }
        let next_file_id = self.journal.get(1)?.file.file_id;
        let part = self.journal.front()?;
        if part.end.round != part.assembled && !planted(Bug::SealedInFlight) {
            return None;
        }
        self.sealing = true;
        Some(SealJob::new(&self.shared, part.clone(), next_file_id))
    }

    fn is_seal_due(&self) -> bool {
        let bytes = self.journal_bytes();
        let Some(oldest) = self.journal.front().filter(|part| part.end.round > 0) else {
            return false;
        };
        let some = oldest.end.position > self.shared.catalog.sealed_position();
        let age = self.now().wall_ms.saturating_sub(oldest.end.at);
        // A full disk has no other spare than the file that is sealed.
        let is_large = bytes > self.options.journal_window_bytes || self.spares.no_space();
        some && ((self.journal.len() > 1 && is_large) || age >= self.options.journal_window_ms)
    }

    /// Monotonic ms for which nothing need be sealed, if nothing more is written.
    #[must_use]
    pub fn seal_due_in_ms(&self) -> Option<u64> {
        let oldest = self.journal.front()?;
        if oldest.end.position <= self.shared.catalog.sealed_position() {
            return None;
        }
        let due = oldest.end.at.saturating_add(self.options.journal_window_ms);
        Some(due.saturating_sub(self.now().wall_ms))
    }

    /// Whether a file is being sealed or let go.
    #[must_use]
    pub fn is_sealing(&self) -> bool {
        self.sealing || self.releasing.is_some()
    }

    /// Whether a file was sealed and its chats are being told.
    #[must_use]
    pub fn is_releasing(&self) -> bool {
        self.releasing.is_some()
    }

    /// Bytes of the journal files that are not sealed.
    fn journal_bytes(&self) -> u64 {
        self.journal.iter().map(|part| part.file.file_bytes).sum()
    }

    /// Whether the journal has twice the bytes that it should, and more than a few files.
    pub(crate) fn sealing_is_behind(&self) -> bool {
        let twice = self.options.journal_window_bytes.saturating_mul(2);
        self.journal.len() > FILES_ALWAYS && self.journal_bytes() > twice
    }

    /// How long a round should wait because sealing falls behind: nothing up to one and a half
    /// windows, and then more the more there is.
    #[must_use]
    pub fn slowing_ms(&self) -> u64 {
        let window = self.options.journal_window_bytes;
        let over = self.journal_bytes().saturating_sub(window.saturating_add(window / 2));
        if over == 0 || self.journal.len() <= FILES_ALWAYS {
            return 0;
        }
        (over.saturating_mul(SLOWING_MS_MAX) / (window / 2).max(1)).clamp(1, SLOWING_MS_MAX)
    }

    /// What keeps RAM or journal although nobody needs it: after all was sealed there is none. For
    /// simulations.
    #[must_use]
    pub fn unsealed(&self) -> Unsealed {
        let states = self.shared.states.read();
        let noted = self.shared.news.noted();
        let is_held = |index| noted.contains(index) || self.overlays.get(index).is_some();
        let keys = states.iterate().map(|chat| chat.key).filter(|&key| !self.parking.is_ready(key));
        let unheld = keys.filter(|&key| states.find(key).is_none_or(|index| !is_held(index)));
        Unsealed {
            chats: unheld.count(),
            partial_chats: states.partials.len(),
            journal_files: self.journal.len(),
        }
    }

    /// The job failed for want of space, and may be made again.
    pub fn give_up_seal(&mut self) {
        self.shared.counts.give_up();
        self.sealing = false;
    }

    /// The manifest names the tables: from now on the file is let go, in turns (`release_some`).
    pub fn finish_seal(&mut self, sealed: SealedFile) {
        self.sealing = false;
        self.journal.pop_front();
        self.shared.counts.seal(&sealed.tally);
        self.releasing = Some(Releasing { sealed, done: 0, listed: 0 });
    }

    /// Deals with some chats of a file that was sealed; says whether there is more to do.
    pub fn release_some(&mut self) -> bool {
        let Some(mut releasing) = self.releasing.take() else { return false };
        let shared = Arc::clone(&self.shared);
        let mut states = shared.states.write();
        let keys = releasing.sealed.chats.get(releasing.done..).unwrap_or_default();
        let keys: Vec<ChatKey> = keys.iter().take(CHATS_PER_TURN).copied().collect();
        releasing.done += keys.len();
        let noted = shared.news.noted();
        for &key in &keys {
            let listed = releasing.take_listed(key);
            self.release_chat(&mut states, &releasing.sealed.part, (key, listed), &noted);
        }
        if keys.is_empty() {
            self.release_idle(&mut states, &noted);
            drop((noted, states));
            let JournalPart { file, .. } = releasing.sealed.part;
            shared.remove_file(&file);
            self.spares.retire(file);
            return false;
        }
        self.releasing = Some(releasing);
        true
    }

    fn release_chat(
        &mut self,
        states: &mut States,
        part: &JournalPart,
        (key, listed): (ChatKey, Vec<(u64, u8)>),
        noted: &Noted<'_>,
    ) {
        let sealed_position = part.end.position;
        states.partials.forget_sealed(key, sealed_position);
        let Some(index) = states.find(key) else { return };
        let ordinal = Pointer::file_ordinal(part.file.file_id);
        let mut vanished = Vec::new();
        if let Some(chat) = states.chat_mut(index) {
            chat.forget_file(|pointer| pointer.file() == ordinal);
            if let Some(members) = &mut chat.members {
                vanished = members.note_listed(&listed);
            }
        }
        vanished.into_iter().for_each(|name| states.forget_consumer(name, index));
        if states.chat(index).as_of <= sealed_position {
            self.evict_or_keep(states, index, noted);
        }
    }

    /// Chats that came into RAM and have nothing in the journal.
    fn release_idle(&mut self, states: &mut States, noted: &Noted<'_>) {
        let sealed_position = self.shared.catalog.sealed_position();
        for key in std::mem::take(&mut self.idle) {
            let Some(index) = states.find(key) else { continue };
            if states.chat(index).as_of <= sealed_position {
                self.evict_or_keep(states, index, noted);
            }
        }
    }

    /// A chat whose row says all there is leaves RAM, unless somebody has its index.
    fn evict_or_keep(&mut self, states: &mut States, index: ChatIndex, noted: &Noted<'_>) {
        let key = states.chat(index).key;
        let is_held = self.overlays.get(index).is_some() || self.parking.is_ready(key);
        if is_held || noted.contains(index) {
            self.idle.push(key);
        } else {
            states.evict(index);
        }
    }
}

impl Releasing {
    /// What the seal listed of a chat; chats are asked for in order.
    fn take_listed(&mut self, key: ChatKey) -> Vec<(u64, u8)> {
        match self.sealed.listed.get_mut(self.listed) {
            Some((chat, listed)) if *chat == key => {
                self.listed += 1;
                std::mem::take(listed)
            }
            _ => Vec::new(),
        }
    }
}
