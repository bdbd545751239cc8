//! Class F: each bit of a store is flipped after a clean close. Opening it either fails with a
//! named error and leaves every byte as it is, or recovers what was there: nothing answered is
//! silently cut away.

use std::collections::BTreeMap;

use foq_log::env::sim::{Cut, Dice, Survivors};
use foq_log::{Durability, Error, Log};

use crate::classes::a;
use crate::crash::Explorer;
use crate::harness::{self, Plan};
use crate::model::Model;
use crate::session::Session;
use crate::workload::Profile;
use crate::world::{START_MS, World};

/// The store is grown to this many files of the journal, spares included.
const JOURNAL_FILES: usize = 5;
const STORE_BYTES_MAX: usize = 64 << 10;

/// A closed store.
pub struct Closed {
    world: World,
    model: Model,
    cut: Cut,
    files: Vec<(String, Vec<u8>)>,
}

/// What came of the flips.
#[derive(Clone, Debug, Default)]
pub struct Flips {
    /// Flips tried.
    pub count: u64,
    /// Openings that recovered everything.
    pub harmless: u64,
    /// Openings that failed, by code.
    pub detected: BTreeMap<&'static str, u64>,
}

impl Flips {
    /// Adds what another tried.
    pub fn add(&mut self, other: &Self) {
        self.count += other.count;
        self.harmless += other.harmless;
        for (code, count) in &other.detected {
            *self.detected.entry(code).or_default() += count;
        }
    }
}

impl Closed {
    /// Grows a store, and closes it.
    ///
    /// # Errors
    /// A broken promise, in words.
    pub fn grow(seed: u64) -> Result<Self, String> {
        let mut options = a::options(&mut Dice::new(seed));
        options.durability = Durability::Fsync;
        options.journal_file_bytes = 8192;
        options.retention = foq_log::Options::default().retention;
        let world = World::new(options, START_MS, seed);
        let mut session = Session::create(world, seed).map_err(|error| error.to_string())?;
        let mut plan =
            Plan::new(seed, Profile { time: false, reopens: false, ..Profile::MIXED }, 8);
        let mut explorer = Explorer::new(seed, 1);
        let journal_files = |session: &Session| {
            let files = session.world.disk.files();
            files.iter().filter(|(path, _)| path.starts_with("journal/")).count()
        };
        while journal_files(&session) < JOURNAL_FILES {
            harness::drive(&mut session, &mut plan, &mut explorer, 0)?;
        }
        session.drain(&mut |_| Ok(()))?;
        let (world, model) = session.close()?;
        let files = world.disk.files();
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        if bytes > STORE_BYTES_MAX {
            return Err(format!("the store has grown to {bytes} bytes"));
        }
        Ok(Self { cut: world.disk.cut(), world, model, files })
    }

    /// Bits of the store.
    #[must_use]
    pub fn bits(&self) -> u64 {
        self.files.iter().map(|(_, bytes)| bytes.len() as u64 * 8).sum()
    }

    /// Its files, with their sizes.
    #[must_use]
    pub fn describe(&self) -> String {
        let files = self.files.iter().map(|(path, bytes)| format!("{path} {}", bytes.len()));
        files.collect::<Vec<_>>().join(", ")
    }

    /// Flips one bit of the store, counted through its files in order, and opens it.
    ///
    /// # Errors
    /// Which file, byte and bit, and what was broken.
    pub fn flip(&self, bit: u64, flips: &mut Flips) -> Result<(), String> {
        let mut bit = bit;
        for (path, bytes) in &self.files {
            let bits = bytes.len() as u64 * 8;
            if bit < bits {
                let at = bit / 8;
                return self
                    .flip_in(path, at, 1 << (bit % 8), flips)
                    .map_err(|error| format!("{path}, byte {at}, bit {}: {error}", bit % 8));
            }
            bit -= bits;
        }
        Ok(())
    }

    fn flip_in(&self, path: &str, at: u64, mask: u8, flips: &mut Flips) -> Result<(), String> {
        let mut expected = self.files.clone();
        let byte = expected
            .iter_mut()
            .find(|(name, _)| name == path)
            .and_then(|(_, bytes)| bytes.get_mut(usize::try_from(at).unwrap_or(usize::MAX)))
            .ok_or("there is no such byte")?;
        *byte ^= mask;
        let disk = self.cut.power_cut(Survivors::None);
        disk.damage(path, at, &[*byte]);
        let world = self.world.after_stop(disk, 0);
        flips.count += 1;
        match Log::open(&world.env(), &world.options) {
            Ok(log) => {
                flips.harmless += 1;
                self.model.check_recovered(&log.reader()).map(|_| ())
            }
            Err(error) => {
                *flips.detected.entry(error.code()).or_default() += 1;
                if !matches!(error, Error::Corrupt { .. } | Error::Version { .. }) {
                    return Err(format!("damage is answered with {} {error}", error.code()));
                }
                if world.disk.files() != expected {
                    return Err(format!("refused with {error}, but files were changed"));
                }
                Ok(())
            }
        }
    }
}
