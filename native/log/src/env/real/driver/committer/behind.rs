//! What goes on behind the committer: seals, and chats that are looked up.

use super::{Committer, SPACE_MS};
use crate::error::Error;

/// A seal that gave up is tried again at once, as the ballast may have made room for it; then after
/// a second, and then after twice as long each time, up to so many seconds: where the disk was
/// full, and where the journal was damaged.
const FULL_SECONDS_MAX: u64 = 8;
const DAMAGED_SECONDS_MAX: u64 = 512;

impl Committer {
    /// Hands on what others do for the log, and takes in what they did.
    pub(super) fn work_behind(&mut self) {
        for found in self.mail.found.drain(..) {
            self.log.install(found);
        }
        let now = self.env.clock.monotonic_ms();
        match self.mail.sealed.take() {
            None => {}
            Some(Ok(sealed)) => {
                self.log.finish_seal(sealed);
                self.conditions.note_seal(None);
                self.seals_given_up = 0;
            }
            Some(Err(error)) => {
                self.log.give_up_seal();
                self.conditions.note_seal(Some(&error));
                self.seal_at = now.saturating_add(self.seal_again_ms(&error));
                self.seals_given_up = self.seals_given_up.saturating_add(1);
            }
        }
        if self.log.is_releasing() && !self.log.release_some() && self.spares.wants() {
            // The file that was let go may be the spare that others wait for.
            self.sealer.ring();
        }
        if now >= self.seal_at
            && !self.mail.closing
            && let Some(job) = self.log.begin_seal()
        {
            self.sealer.seal(job);
        }
        self.lookups.ask(self.log.take_lookups());
    }

    fn seal_again_ms(&self, error: &Error) -> u64 {
        let seconds_max = match error {
            Error::DiskFull { .. } => FULL_SECONDS_MAX,
            _ => DAMAGED_SECONDS_MAX,
        };
        let seconds = 1_u64.checked_shl(self.seals_given_up).unwrap_or(u64::MAX) / 2;
        seconds.min(seconds_max) * SPACE_MS
    }
}
