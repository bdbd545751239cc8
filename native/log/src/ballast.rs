//! The ballast: a file without content, `reserve`, that is removed when others have filled the
//! disk to its last byte. What it gives back is enough to seal a journal file, whose bytes then
//! take the next acks. It is made again when there is plenty of space.

use std::io;
use std::sync::Arc;

use crate::env::{Disk, OpenMode, Space, is_full};
use crate::error::{Error, Result};
use crate::ladder::reserve_bytes;
use crate::log::Log;
use crate::options::Options;
use crate::shelf::FILES_OF_A_SEAL;

const PATH: &str = "reserve";

/// A spare, and the tables of one journal file: from then on each seal gives back about as much as
/// it takes.
const FILES: u64 = 1 + FILES_OF_A_SEAL;

/// See the module. Owned by whoever prepares spares and seals.
pub struct Ballast {
    disk: Arc<dyn Disk>,
    options: Options,
    /// Whether it is there; none until somebody has looked.
    held: Option<bool>,
}

impl Log {
    /// The ballast of this log's disk.
    #[must_use]
    pub fn ballast(&self) -> Ballast {
        Ballast { disk: Arc::clone(&self.env.disk), options: self.options.clone(), held: None }
    }
}

impl Ballast {
    fn bytes(&self) -> u64 {
        FILES * u64::from(self.options.journal_file_bytes)
    }

    /// Makes it where it is missing and the disk has plenty of space; asks the disk for that alone.
    ///
    /// # Errors
    /// A failed write: the store must be poisoned.
    pub fn keep(&mut self) -> Result<()> {
        let held = self.held.unwrap_or_else(|| self.is_there());
        self.held = Some(held);
        let space = if held { None } else { self.disk.space().ok() };
        let Some(space) = space.filter(|space| self.is_affordable(*space)) else { return Ok(()) };
        debug_assert!(space.free_bytes >= self.bytes(), "it leaves room for appends");
        match self.make() {
            Ok(()) => {
                self.held = Some(true);
                Ok(())
            }
            Err(failure) if is_full(&failure) => {
                self.release();
                Ok(())
            }
            Err(failure) => Err(Error::io("the ballast cannot be made", PATH, failure)),
        }
    }

    /// Gives its bytes back to the disk; false where there were none.
    pub fn release(&mut self) -> bool {
        self.held = Some(false);
        self.disk.remove(PATH).is_ok()
    }

    fn is_there(&self) -> bool {
        let size = self.disk.open(PATH, OpenMode::Read).and_then(|file| file.size());
        size.is_ok_and(|size| size == self.bytes())
    }

    fn is_affordable(&self, space: Space) -> bool {
        let reserve = reserve_bytes(&self.options, space);
        space.free_bytes >= reserve.saturating_mul(2).saturating_add(self.bytes())
    }

    fn make(&self) -> io::Result<()> {
        let file = self.disk.open(PATH, OpenMode::Create)?;
        file.allocate(self.bytes())?;
        file.sync()
    }
}
