//! A simulated world in which a store lives: its disk, its clock, and how it is opened.

use std::sync::Arc;

use foq_log::Options;
use foq_log::env::sim::{SimClock, SimDisk, SimRandom};
use foq_log::env::{Clock, Env, Space};

use crate::backup::Taken;

/// 2026-01-01T00:00:00Z, when most worlds begin.
pub const START_MS: u64 = 1_767_225_600_000;

/// See the module. A clone is the same world.
#[derive(Clone)]
pub struct World {
    /// Where the store lies.
    pub disk: SimDisk,
    /// Moved by the driver.
    pub clock: Arc<SimClock>,
    /// Used at every opening.
    pub options: Options,
    /// Records appended and answered in this store's life so far.
    pub acked_records: u64,
    /// The newest backup of the store since it was opened.
    pub backup: Option<Taken>,
    seed: u64,
}

impl World {
    /// Space that never runs out.
    pub const ROOMY: Space = Space { free_bytes: 1 << 40, total_bytes: 1 << 41 };

    /// An empty disk at `wall_ms`; `seed` decides the store's identities.
    #[must_use]
    pub fn new(options: Options, wall_ms: u64, seed: u64) -> Self {
        let clock = Arc::new(SimClock::new(wall_ms));
        Self { disk: SimDisk::new(), clock, options, acked_records: 0, backup: None, seed }
    }

    /// The same store found on `disk` after a stop of `stopped_ms`; the machine may have
    /// booted again.
    #[must_use]
    pub fn after_stop(&self, disk: SimDisk, stopped_ms: u64) -> Self {
        let clock = Arc::new(SimClock::new(self.clock.wall_ms() + stopped_ms));
        let seed = self.seed.wrapping_add(1);
        let (options, acked_records) = (self.options.clone(), self.acked_records);
        Self { disk, clock, options, acked_records, backup: None, seed }
    }

    /// What a backup and a store made of it are given: another directory of a disk, and
    /// randomness that is not the store's.
    #[must_use]
    pub fn env_of(&self, disk: &SimDisk, directory: &str) -> Env {
        Env {
            disk: Arc::new(disk.directory(directory)),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(SimRandom::new(!self.seed)),
        }
    }

    /// What the log is given.
    #[must_use]
    pub fn env(&self) -> Env {
        Env {
            disk: Arc::new(self.disk.clone()),
            clock: Arc::clone(&self.clock) as Arc<dyn Clock>,
            random: Arc::new(SimRandom::new(self.seed)),
        }
    }
}
