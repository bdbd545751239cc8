//! What the committer does when nothing is left to commit.

use std::time::{Duration, Instant};

use super::{Committer, SPACE_MS, TICK_MS};
use crate::error::Result;

impl Committer {
    /// Sleeps until there is something to do; then does what idleness itself asks for.
    pub(super) fn idle(&mut self, spare_is_missing: bool) -> Result<()> {
        let now = self.env.clock.monotonic_ms();
        let until = if spare_is_missing {
            now.saturating_add(SPACE_MS)
        } else {
            let marks = self.mark_at.unwrap_or(u64::MAX).min(self.tick_at);
            let seal_in = self.log.seal_due_in_ms().unwrap_or(u64::MAX);
            let seal_at = now.saturating_add(seal_in).max(self.seal_at);
            self.log.next_deadline_ms().unwrap_or(u64::MAX).min(marks).min(seal_at)
        };
        // A full disk is waited for by nobody who looks.
        let wants_spare = self.spares.wants() && self.mail.disk_full.is_none();
        let prepares = wants_spare || self.log.is_sealing() || self.sealer.works();
        if self.mail.looks > self.looked && until > now && !prepares {
            self.looked = self.mail.looks;
            self.intake.looked(self.looked);
        }
        // At least a millisecond: time that stands still must not keep the thread busy.
        let mut wait = Duration::from_millis(until.saturating_sub(now).max(1));
        if let Some(quiet_until) = self.quiet_until {
            wait = wait.min(quiet_until.saturating_duration_since(Instant::now()));
        }
        self.intake.sleep(Some(wait));
        if spare_is_missing {
            return Ok(());
        }
        let now = self.env.clock.monotonic_ms();
        if self.mark_at.is_some_and(|at| at <= now) {
            self.intake.forget_emptied();
            let mark = self.log.assemble_mark()?;
            self.commit_if_any(mark)?;
            self.mark_at = None;
        } else if self.tick_at <= now {
            self.tick_at = now.saturating_add(TICK_MS);
            let tick = self.log.assemble_tick()?;
            self.commit_if_any(tick)?;
        }
        Ok(())
    }
}
