//! How the committer ends: everything is settled, everybody is told, and the lock released.

use super::super::intake::Mail;
use super::{Committer, guarded, tickets};
use crate::error::{Error, Result};

impl Committer {
    /// Every thread that could touch a file ends before the lock is released.
    pub(super) fn finish(mut self) -> Result<()> {
        self.ring_all();
        self.sealer.stop();
        self.lookups.stop();
        self.writers.stop();
        if self.read_only { Ok(()) } else { self.log.close() }
    }

    /// Settles everything with the failure, and holds the store until it is closed.
    pub(super) fn poison(&mut self, error: Error) -> Error {
        let error = match error {
            Error::Poisoned { .. } => error,
            other => Error::Poisoned { cause: other.to_string() },
        };
        self.intake.poison(error.clone());
        // What the log still knows an answer to; it may be broken, and a sink may be.
        let _ = guarded(|| {
            self.deliver();
            Ok(())
        });
        let _ = guarded(|| {
            self.enroll_the_rest();
            Ok(())
        });
        self.desk.fail_all(&error, &self.intake);
        self.ring_all();
        self.sealer.stop();
        self.lookups.stop();
        self.writers.stop();
        self.wait_for_close();
        error
    }

    /// Tickets were given for what lies in the intake and in hand: they are settled too.
    fn enroll_the_rest(&mut self) {
        let mut late = Mail::default();
        self.intake.take(&mut late);
        for (caller, sink) in self.mail.arrivals.drain(..).chain(late.arrivals) {
            self.desk.arrive(caller, sink);
        }
        for (caller, packed) in self.mail.submissions.drain(..).chain(late.submissions) {
            self.desk.enroll(caller, tickets(&packed), packed.bytes());
        }
        self.mail.closing |= late.closing;
    }

    pub(super) fn wait_for_close(&mut self) {
        while !self.mail.closing {
            self.intake.take(&mut self.mail);
            for (caller, sink) in self.mail.arrivals.drain(..) {
                self.desk.arrive(caller, sink);
            }
            for caller in self.mail.departures.drain(..) {
                self.desk.depart(caller, &self.intake);
            }
            self.ring_guarded();
            if !self.mail.closing {
                self.intake.sleep(None);
            }
        }
    }

    /// Rings everybody a last time: nothing more will be committed.
    fn ring_all(&mut self) {
        self.reader.shared.news.end();
        self.ring_guarded();
    }

    fn ring_guarded(&mut self) {
        // A sink that panics harms no other: what it was named is dropped with its turn.
        let _ = guarded(|| {
            self.ring();
            Ok(())
        });
    }
}
