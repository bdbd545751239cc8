//! A whole world in memory: a disk that behaves as badly as real ones do, a clock that moves when
//! told to, randomness from a seed.
//!
//! What the disk does to its users:
//! - What was written and not synced is, after a power cut, lost, kept or torn per 512-byte
//!   sector, in any order (`image`). A new, renamed or removed name is certain only once its
//!   folder was synced.
//! - A failed sync leaves some sectors on the device and marks all of them clean; reads show
//!   what was written until `drop_cache` (`inode`).
//! - Any call can fail, move only half of its bytes, find no space, or be the last one of the
//!   process; a write can be lost or land elsewhere (`fault`). Bytes can rot (`damage`).
//!
//! Pure: it touches no file, thread or clock. Every call can be traced (`trace`), and the moments
//! between calls can be collected as they pass (`watch`).

mod clock;
mod content;
mod disk;
mod fault;
mod image;
mod inode;
mod random;
mod state;
mod trace;
mod world;

use std::sync::Arc;

use parking_lot::Mutex;

pub use clock::SimClock;
pub use fault::{CallKind, Fault, FaultRule};
pub use image::{Cut, Survivors};
pub use random::{Dice, SimRandom};
pub use trace::TracedCall;

use crate::env::Space;
use inode::Inode;
use state::{NameChange, Node, State};
use trace::Trace;
use world::{Watch, World};

/// The simulated disk; clones are handles of the same one.
#[derive(Clone)]
pub struct SimDisk {
    world: Arc<Mutex<World>>,
    /// The directory that it stands for; empty for the first one.
    root: Arc<str>,
}

impl Default for SimDisk {
    fn default() -> Self {
        Self::new()
    }
}

impl SimDisk {
    /// An empty disk without even the store's directory.
    #[must_use]
    pub fn new() -> Self {
        Self::with_state(State::new())
    }

    fn with_state(state: State) -> Self {
        Self { world: Arc::new(Mutex::new(World::new(state))), root: Arc::from("") }
    }

    /// Another directory of this disk, for what is backed up and restored: `name` has no slash, and
    /// begins the paths of its files in calls, faults and `files`.
    #[must_use]
    pub fn directory(&self, name: &str) -> Self {
        Self { world: Arc::clone(&self.world), root: Arc::from(name) }
    }

    /// Decides anew what failed syncs and writes leave.
    pub fn set_seed(&self, seed: u64) {
        self.world.lock().dice = Dice::new(seed);
    }

    /// Plans a fault.
    pub fn add_fault(&self, rule: FaultRule) {
        self.world.lock().faults.add(rule);
    }

    /// From now on nothing goes wrong (but what already has).
    pub fn clear_faults(&self) {
        self.world.lock().faults.clear();
    }

    /// How many calls met a planned fault.
    #[must_use]
    pub fn faults_met(&self) -> u64 {
        self.world.lock().faults.hit_count()
    }

    /// Calls made so far.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.world.lock().calls
    }

    /// The process ends: every later call fails.
    pub fn crash(&self) {
        self.world.lock().crashed = true;
    }

    /// Whether the process has ended, by `crash` or by a planned fault.
    #[must_use]
    pub fn crashed(&self) -> bool {
        self.world.lock().crashed
    }

    /// Sets how much space there is; files that grow take from it, removed ones give back.
    pub fn set_space(&self, space: Space) {
        let mut world = self.world.lock();
        world.state.free_bytes = space.free_bytes;
        world.state.total_bytes = space.total_bytes;
    }

    /// Records the next `limit` calls; see `take_trace`.
    pub fn trace(&self, limit: usize) {
        self.world.lock().trace = Some(Trace { calls: Vec::new(), limit });
    }

    /// The calls recorded so far; recording goes on.
    #[must_use]
    pub fn take_trace(&self) -> Vec<TracedCall> {
        let mut world = self.world.lock();
        world.trace.as_mut().map(|trace| std::mem::take(&mut trace.calls)).unwrap_or_default()
    }

    /// This moment.
    #[must_use]
    pub fn cut(&self) -> Cut {
        self.world.lock().cut()
    }

    /// Collects moments between calls: of those where something has changed since the last one,
    /// one in `one_in`, chosen by `seed`, and at most `limit` between two `take_cuts`.
    pub fn watch(&self, one_in: u64, seed: u64, limit: usize) {
        let mut world = self.world.lock();
        let changes = world.state.changes;
        world.watch = Some(Watch::new(one_in, seed, limit, changes));
    }

    /// The moments collected since the last call.
    #[must_use]
    pub fn take_cuts(&self) -> Vec<Cut> {
        let mut world = self.world.lock();
        world.watch.as_mut().map(|watch| std::mem::take(&mut watch.cuts)).unwrap_or_default()
    }

    /// The disk as found after a power cut now.
    #[must_use]
    pub fn crash_image(&self, survivors: Survivors) -> Self {
        self.cut().power_cut(survivors)
    }

    /// The disk as found after the process is killed now.
    #[must_use]
    pub fn kill_image(&self) -> Self {
        self.cut().kill()
    }

    /// Every file with its bytes, by path.
    #[must_use]
    pub fn files(&self) -> Vec<(String, Vec<u8>)> {
        let world = self.world.lock();
        let state = &world.state;
        let files = state.live.iter().filter_map(|(path, node)| match node {
            Node::File(number) => Some((path.to_string(), state.inodes.get(*number)?.to_vec())),
            Node::Folder => None,
        });
        files.collect()
    }

    /// The bytes of a file, if there is one; no call is counted.
    #[must_use]
    pub fn contents(&self, path: &str) -> Option<Vec<u8>> {
        let world = self.world.lock();
        let number = world.state.file(path)?;
        world.state.inodes.get(number).map(Inode::to_vec)
    }

    /// Puts a durable file where there is none (in a folder that is there), as a person or an
    /// earlier life of the store may have left it.
    pub fn put_file(&self, path: &str, data: &[u8]) {
        let mut world = self.world.lock();
        let state = &mut world.state;
        let mut inode = Inode::default();
        inode.damage(0, data);
        state.inodes.push(inode);
        let node = Node::File(state.inodes.len() - 1);
        NameChange::Made(path.into(), node).apply(Arc::make_mut(&mut state.live));
        NameChange::Made(path.into(), node).apply(Arc::make_mut(&mut state.durable));
    }

    /// Overwrites bytes of a file behind the log's back: bit rot, or an intruder.
    pub fn damage(&self, path: &str, byte_offset: u64, data: &[u8]) {
        self.with_file(path, |inode| inode.damage(world::to_usize(byte_offset), data));
    }

    /// Cuts or grows a file behind the log's back.
    pub fn damage_length(&self, path: &str, length: u64) {
        self.with_file(path, |inode| inode.damage_length(world::to_usize(length)));
    }

    fn with_file(&self, path: &str, change: impl FnOnce(&mut Inode)) {
        let mut world = self.world.lock();
        if let Some(number) = world.state.file(path)
            && let Some(inode) = world.state.inodes.get_mut(number)
        {
            change(inode);
        }
    }
}
