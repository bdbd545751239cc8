//! Stores in a simulated world: the same log on the same threads, but disk, clock and randomness
//! are the caller's to move and to break. For `foq/testing`.
//!
//! Invariants: a world has at most one store open, by the lock on its disk. Once a world has
//! stopped, its disk keeps what it holds until `world_restart` decides what of it survived.

use std::sync::{Arc, Weak};

use foq_log::env::sim::{
    CallKind, Dice, Fault, FaultRule, SimClock, SimDisk, SimRandom, Survivors,
};
use foq_log::env::{Clock, Env, Space};
use foq_log::{Error, Result};
use napi_derive::napi;
use parking_lot::Mutex;

use crate::background::in_background;
use crate::bell::{Answer, News};
use crate::calls::Sink;
use crate::failure::{self, contain, guarded};
use crate::options::{GivenOptions, count_of};
use crate::packing::{invalid, number_of};
use crate::registry;
use crate::side;
use crate::store::Store;

/// Bytes of a simulated disk.
const DISK_BYTES: u64 = 1 << 40;

/// The last instant that a JavaScript date can show.
const WALL_MS_MAX: u64 = 8_640_000_000_000_000;

/// Worlds that one JavaScript thread may have.
const WORLDS_MAX: usize = 10_000;

/// See the module.
pub struct World {
    disk: Mutex<SimDisk>,
    clock: Arc<SimClock>,
    random: Arc<SimRandom>,
    /// Decides what survives, crash after crash.
    dice: Mutex<Dice>,
    store: Mutex<Weak<Store>>,
}

impl World {
    fn new(seed: u64, wall_ms: u64) -> Self {
        let world = Self {
            disk: Mutex::default(),
            clock: Arc::new(SimClock::new(wall_ms)),
            random: Arc::new(SimRandom::new(seed)),
            dice: Mutex::new(Dice::new(seed)),
            store: Mutex::default(),
        };
        world.set_free(DISK_BYTES);
        world.reseed();
        world
    }

    fn env(&self) -> Env {
        let disk = Arc::new(self.disk.lock().clone());
        let (clock, random) = (Arc::clone(&self.clock), Arc::clone(&self.random));
        Env { disk, clock, random }
    }

    /// What failed calls leave is another matter on every disk.
    fn reseed(&self) {
        self.disk.lock().set_seed(self.dice.lock().throw());
    }

    fn set_free(&self, free_bytes: u64) {
        self.disk.lock().set_space(Space { free_bytes, total_bytes: DISK_BYTES });
    }

    /// The machine starts again after it stopped: with what was written, if only the process
    /// ended; else with what was synced and what else the dice leave.
    fn restart(&self, lost_power: bool) {
        let mut disk = self.disk.lock();
        // Only when no call can change it any more is the moment the last one.
        disk.crash();
        *disk = if lost_power {
            disk.crash_image(Survivors::Random(self.dice.lock().throw()))
        } else {
            disk.kill_image()
        };
        drop(disk);
        self.reseed();
    }
}

/// Makes a world: everything random in it follows from the seed, and its clock shows `wall_ms`
/// since the epoch until it is moved.
#[napi]
pub fn world_new(side: f64, seed: f64, wall_ms: f64) -> failure::Result<u32> {
    guarded(|| {
        let (seed, wall_ms) = (whole(seed, "seed")?, whole(wall_ms, "the instant")?);
        side::with(side, |side| {
            if side.worlds.len() >= WORLDS_MAX {
                return Err(Error::Busy { what: "simulated worlds" });
            }
            let number = side.number()?;
            side.worlds.insert(number, Arc::new(World::new(seed, wall_ms)));
            Ok(number)
        })
    })
}

/// Forgets a world; a store that is open in it goes on until it is closed.
#[napi]
pub fn world_end(side: f64, world: f64) -> failure::Result<()> {
    guarded(|| {
        side::with(side, |side| {
            side.worlds.remove(&side::key(world, "world")?);
            Ok(())
        })
    })
}

/// Opens the world's store in the background, as `open` does that of a directory.
#[napi]
pub fn world_open(side: f64, world: f64, options: GivenOptions) -> failure::Result<u32> {
    guarded(|| {
        let options = options.resolve()?;
        side::with(side, |side| {
            let world = Arc::clone(side.world(world)?);
            let handle = side.number()?;
            let bell = Arc::clone(&side.bell);
            in_background("foq-open", move || {
                let sink = Sink::new(&bell, handle);
                let opened = contain(|| {
                    let lease = registry::open_alone(&world.env(), options, sink)?;
                    *world.store.lock() = Arc::downgrade(&lease.store);
                    Ok(lease)
                });
                let _ = bell.tell(match opened {
                    Ok(lease) => News::Opened { handle, lease },
                    Err(error) => News::OpenFailed { handle, error },
                });
            })?;
            Ok(handle)
        })
    })
}

/// Ms since the epoch by the world's clock.
#[napi]
pub fn world_now(side: f64, world: f64) -> failure::Result<f64> {
    with_world(side, world, |world| Ok(number_of(world.clock.wall_ms())))
}

/// Moves the world's clock, at once; the request is answered when the store, if one is open, has
/// done what is due by then.
#[napi]
pub fn world_advance(side: f64, world: f64, ms: f64) -> failure::Result<u32> {
    changed(side, world, |world| {
        let ms = whole(ms, "ms")?;
        if world.clock.wall_ms().saturating_add(ms) > WALL_MS_MAX {
            return Err(invalid(String::from("the clock cannot show so late a time")));
        }
        world.clock.advance(ms);
        Ok(())
    })
}

/// Sets the bytes that are free on the world's disk (none: as many as there are); answered when
/// the store, if one is open, has seen it.
#[napi]
pub fn world_space(side: f64, world: f64, free_bytes: Option<f64>) -> failure::Result<u32> {
    changed(side, world, |world| {
        world.set_free(match free_bytes {
            None => DISK_BYTES,
            Some(bytes) => whole(bytes, "freeBytes")?,
        });
        Ok(())
    })
}

/// Plans that the `nth` call from now of a kind (`sync`, `write`, `read`) fails, with `EIO` or
/// `ENOSPC`.
#[napi]
pub fn world_fail(
    side: f64,
    world: f64,
    kind: String,
    code: String,
    nth: f64,
) -> failure::Result<()> {
    with_world(side, world, |world| {
        let kind = match kind.as_str() {
            "sync" => CallKind::Sync,
            "write" => CallKind::Write,
            "read" => CallKind::Read,
            _ => return Err(invalid(String::from("a call is 'sync', 'write' or 'read'"))),
        };
        let fault = match code.as_str() {
            "EIO" => Fault::Io,
            "ENOSPC" => Fault::NoSpace,
            _ => return Err(invalid(String::from("code must be 'EIO' or 'ENOSPC'"))),
        };
        let nth = whole(nth, "nth")?;
        if nth == 0 {
            return Err(invalid(String::from("nth counts from 1")));
        }
        world.disk.lock().add_fault(FaultRule::nth(kind, nth, fault));
        Ok(())
    })
}

/// Plans that the machine stops after so many calls to its disk from now.
#[napi]
pub fn world_cut_after(side: f64, world: f64, calls: f64) -> failure::Result<()> {
    with_world(side, world, |world| {
        let nth = whole(calls, "the number of calls")?.saturating_add(1);
        world.disk.lock().add_fault(FaultRule::nth_call(nth, Fault::Crash));
        Ok(())
    })
}

/// Takes back what was planned and has not happened.
#[napi]
pub fn world_clear(side: f64, world: f64) -> failure::Result<()> {
    with_world(side, world, |world| {
        world.disk.lock().clear_faults();
        Ok(())
    })
}

/// Stops the machine: every later call to its disk fails and changes nothing.
#[napi]
pub fn world_stop(side: f64, world: f64) -> failure::Result<()> {
    with_world(side, world, |world| {
        world.disk.lock().crash();
        Ok(())
    })
}

/// Whether the machine has stopped.
#[napi]
pub fn world_stopped(side: f64, world: f64) -> failure::Result<bool> {
    with_world(side, world, |world| Ok(world.disk.lock().crashed()))
}

/// Calls to the disk since the machine was last started.
#[napi]
pub fn world_calls(side: f64, world: f64) -> failure::Result<f64> {
    with_world(side, world, |world| Ok(number_of(world.disk.lock().calls())))
}

/// Starts the machine again: after a loss of power, or else with all that was written.
#[napi]
pub fn world_restart(side: f64, world: f64, lost_power: bool) -> failure::Result<()> {
    with_world(side, world, |world| {
        world.restart(lost_power);
        Ok(())
    })
}

fn with_world<T>(
    side: f64,
    world: f64,
    body: impl FnOnce(&World) -> Result<T>,
) -> failure::Result<T> {
    guarded(|| side::with(side, |side| body(side.world(world)?)))
}

/// Changes something that the store finds out by looking, and has it look.
fn changed(
    side: f64,
    world: f64,
    change: impl FnOnce(&World) -> Result<()>,
) -> failure::Result<u32> {
    guarded(|| {
        side::with(side, |side| {
            let world = Arc::clone(side.world(world)?);
            let bell = Arc::clone(&side.bell);
            side.request(|request| {
                change(&world)?;
                in_background("foq-look", move || {
                    let result = contain(|| {
                        let store = world.store.lock().upgrade();
                        store.iter().for_each(|store| store.look_again());
                        Ok(Answer::Bytes(Vec::new()))
                    });
                    let _ = bell.tell(News::Answer { request, result });
                })
            })
        })
    })
}

fn whole(value: f64, what: &str) -> Result<u64> {
    count_of(value).ok_or_else(|| invalid(format!("{what} must be a whole number")))
}
