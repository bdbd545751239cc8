//! Spares of a session: they are often made from files that have lived before, so that stale
//! bytes with once valid checksums lie where the log will write next.

use foq_log::env::Disk;

use super::Session;

/// Dirty files are numbered from here, out of the way of the log's own.
const DIRTY_NUMBERS_START: u64 = 900_000;

impl Session {
    /// Whether the log wants a spare.
    #[must_use]
    pub fn wants_spare(&self) -> bool {
        self.failure.is_none() && self.log.as_ref().is_some_and(foq_log::Log::wants_spare)
    }

    /// Prepares a spare. Where a planned fault forbids it, the log is told about the space.
    pub fn prepare_spare(&mut self) -> Result<(), String> {
        if self.dirty_spares && self.dice.one_in(2) {
            self.leave_a_dirty_file();
        }
        match self.log().prepare_spare() {
            Ok(()) => Ok(()),
            Err(_) if self.met_a_fault() => {
                if let Ok(space) = self.world.disk.space() {
                    self.log().set_space(space);
                }
                Ok(())
            }
            Err(error) => Err(format!("no spare, though nothing was wrong: {error}")),
        }
    }

    /// Puts a free file for the next spare: a copy of a journal file, or bytes at random.
    pub fn leave_a_dirty_file(&mut self) {
        let files = self.world.disk.files();
        let journal: Vec<_> = files.iter().filter(|(path, _)| path.ends_with(".jnl")).collect();
        let chosen = self.dice.below(journal.len() as u64);
        let Some((_, bytes)) = usize::try_from(chosen).ok().and_then(|at| journal.get(at)) else {
            return;
        };
        let mut bytes = bytes.clone();
        if self.dice.one_in(4) {
            bytes.fill_with(|| self.dice.throw().to_le_bytes()[0]);
        }
        self.dirty_count += 1;
        let number = DIRTY_NUMBERS_START + self.dirty_count;
        self.world.disk.put_file(&format!("journal/{number}.free"), &bytes);
    }
}
