//! What goes on behind the committer: seals, and chats that are looked up.

use super::{Committer, SPACE_MS};

impl Committer {
    /// Hands on what others do for the log, and takes in what they did.
    pub(super) fn work_behind(&mut self) {
        for found in self.mail.found.drain(..) {
            self.log.install(found);
        }
        let now = self.env.clock.monotonic_ms();
        match self.mail.sealed.take() {
            None => {}
            Some(Ok(sealed)) => self.log.finish_seal(sealed),
            Some(Err(_)) => {
                self.log.give_up_seal();
                self.seal_at = now.saturating_add(SPACE_MS);
            }
        }
        self.log.release_some();
        if now >= self.seal_at
            && !self.mail.closing
            && let Some(job) = self.log.begin_seal()
        {
            self.sealer.seal(job);
        }
        self.lookups.ask(self.log.take_lookups());
    }
}
