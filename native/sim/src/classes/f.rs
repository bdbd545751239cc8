//! Class F: each bit of a store is flipped after a clean close. Opening it either fails with a
//! named error and leaves every byte as it is, or recovers what was there: nothing answered is
//! silently cut away. Tables are not read by opening: whoever needs what is damaged is told so, and
//! what else he asks for is right.

use std::collections::BTreeMap;

use foq_log::env::sim::{Cut, Dice, Survivors};
use foq_log::{Durability, Error, Log};

use crate::classes::a;
use crate::model::Model;
use crate::operation::{Op, OwnedAppend};
use crate::session::Session;
use crate::workload::{Profile, Step, Workload};
use crate::world::{START_MS, World};

/// Seals of the store, and steps of its workload before each, and after the last.
const SEALS: usize = 2;
const STEPS: usize = 30;
const STEPS_AFTER_SEAL: usize = 8;
const TABLE_FOLDERS: [&str; 3] = ["segments/", "states/", "inbox/"];
/// What was opened, and then named the damage when it was met.
const IN_USE: &str = "FOQ_CORRUPT in use";
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
    /// Grows a store, seals what it has, goes on, and closes it.
    ///
    /// # Errors
    /// A broken promise, in words; a store that is too large, or has not all kinds of files.
    pub fn grow(seed: u64) -> Result<Self, String> {
        let mut options = a::options(&mut Dice::new(seed));
        options.durability = Durability::Fsync;
        options.journal_file_bytes = 8192;
        options.spares = 1;
        options.table_bytes_max = 64 << 10;
        options.retention = foq_log::Options::default().retention;
        let world = World::new(options, START_MS, seed);
        let mut session = Session::create(world, seed).map_err(|error| error.to_string())?;
        let profile = Profile { time: false, reopens: false, ..Profile::MIXED };
        // Nothing is sealed but at its end, so that there are few tables.
        let mut workload = Workload::new(seed, profile);
        for _ in 0..SEALS {
            for _ in 0..STEPS {
                match workload.next(&session.model) {
                    Step::Submit { caller, op } => session.submit(caller, op)?,
                    Step::Commit => session.commit(&mut |_| Ok(()))?,
                    _ => {}
                }
            }
            session.drain(&mut |_| Ok(()))?;
            session.seal_all(&mut |_| Ok(()))?;
        }
        session.merge_all()?;
        for _ in 0..STEPS_AFTER_SEAL {
            if let Step::Submit { caller, op } = workload.next(&session.model) {
                session.submit(caller, op)?;
            }
        }
        session.drain(&mut |_| Ok(()))?;
        let (world, model) = session.close()?;
        // As a power cut leaves it: a table that was merged away may be there again.
        let cut = world.disk.cut();
        let files = cut.power_cut(Survivors::None).files();
        let bytes: usize = files.iter().map(|(_, bytes)| bytes.len()).sum();
        if bytes > STORE_BYTES_MAX {
            return Err(format!("the store has grown to {bytes} bytes"));
        }
        for folder in TABLE_FOLDERS {
            if !files.iter().any(|(path, _)| path.starts_with(folder)) {
                return Err(format!("the store has nothing in {folder}"));
            }
        }
        Ok(Self { cut, world, model, files })
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
                let count = if self.detects_in_use(world, log, path)? {
                    flips.detected.entry(IN_USE).or_default()
                } else {
                    &mut flips.harmless
                };
                *count += 1;
                Ok(())
            }
            Err(error) => {
                *flips.detected.entry(error.code()).or_default() += 1;
                if !matches!(error, Error::Corrupt { .. } | Error::Version { .. }) {
                    return Err(format!("damage is answered with {} {error}", error.code()));
                }
                let files = world.disk.files();
                let changed = expected.iter().find(|file| !files.contains(file));
                let changed =
                    changed.or_else(|| files.iter().find(|file| !expected.contains(file)));
                if let Some((changed, _)) = changed {
                    return Err(format!("refused with {error}, but {changed} was changed"));
                }
                Ok(())
            }
        }
    }

    /// Reads all there is, then looks every chat up for an operation and seals it. Each is right, or
    /// names the file: says whether any did.
    fn detects_in_use(&self, world: World, log: Log, path: &str) -> Result<bool, String> {
        let round = log.rounds().0;
        let read = self.model.check_damaged_at(&log.reader(), round, path)?;
        // Opening has read every other file whole.
        if TABLE_FOLDERS.iter().all(|folder| !path.starts_with(folder)) {
            return Ok(read);
        }
        let mut model = self.model.clone();
        model.resume(round);
        let mut session = Session::new(world, log, model, 1);
        session.dirty_spares = false;
        match use_chats(&mut session) {
            Ok(()) => Ok(read),
            Err(error) if error.contains(path) => Ok(true),
            Err(error) => Err(error),
        }
    }
}

/// One append for each chat, and a seal of it all.
fn use_chats(session: &mut Session) -> Result<(), String> {
    for chat in session.model.chats() {
        let append = OwnedAppend { chat, payload: b"more".to_vec(), ..OwnedAppend::default() };
        session.submit(0, Op::Append(append))?;
    }
    session.drain(&mut |_| Ok(()))?;
    session.seal_all(&mut |_| Ok(()))?;
    session.check_live()
}
