//! What a backup must hold: all that was durable and applied when its lease was taken, whatever
//! happened to the store since.

use std::rc::Rc;

use foq_log::env::sim::SimDisk;
use foq_log::{Error, Log};

use crate::model::Model;
use crate::world::World;

/// Where a backup is restored to, to be looked at.
const RESTORED: &str = "restored";

/// A backup, begun or done.
#[derive(Clone)]
pub struct Taken {
    /// Its directory on the store's disk.
    pub directory: String,
    /// As it was when the lease was taken.
    pub model: Rc<Model>,
    /// The round that was applied then.
    pub round: u64,
    /// Calls to the disk when it was said to be done.
    pub done_at: Option<u64>,
}

impl Taken {
    /// Restores it from what is found on `disk`, which is used up, and compares; unless it is
    /// `done` it may also be none.
    ///
    /// # Errors
    /// A broken promise, in words.
    pub fn check(&self, disk: &SimDisk, world: &World, done: bool) -> Result<(), String> {
        disk.set_space(World::ROOMY);
        let [from, to] = [&*self.directory, RESTORED].map(|name| world.env_of(disk, name));
        match foq_log::restore(&from, &to) {
            Ok(_) => self.check_restored(disk, world),
            Err(Error::Unavailable { .. }) if !done => Ok(()),
            Err(error) => Err(format!("I54: a backup is not restored: {error}")),
        }
    }

    /// Opens what was restored; it must stand where the store stood.
    fn check_restored(&self, disk: &SimDisk, world: &World) -> Result<(), String> {
        let log = Log::open(&world.env_of(disk, RESTORED), &world.options)
            .map_err(|error| format!("I54: a restored store does not open: {error}"))?;
        let (round, reader) = (log.rounds().0, log.reader());
        if round != self.round {
            return Err(format!("I54: restored at round {round}, backed up at {}", self.round));
        }
        let tables = reader.check_tables();
        tables.map_err(|error| format!("I54: a table of a restored store: {error}"))?;
        let compared = self.model.check_recovered_at(&reader, round);
        compared.map_err(|error| format!("I54: a restored store: {error}"))
    }
}
