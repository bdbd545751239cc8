//! One store per directory and process, shared by reference count.
//!
//! Worker threads that open the directory of an open store get that store. Whoever gives back the
//! last reference closes it and waits; whoever opens meanwhile waits for that and opens anew.
//!
//! Invariants: a slot's lock is held while its store opens or closes, so the two never overlap. A
//! lease counts once, however it ends. Opening and closing touch the disk: never called from a
//! JavaScript thread, except when that is torn down.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foq_log::env::Env;
use foq_log::env::real::{Caller, CompletionSink};
use foq_log::{Options, Packed, Result};
use parking_lot::Mutex;

use crate::options::differing;
use crate::packing::invalid;
use crate::store::Store;

static SLOTS: Mutex<BTreeMap<PathBuf, Arc<Slot>>> = Mutex::new(BTreeMap::new());

#[derive(Default)]
struct Slot {
    state: Mutex<Option<Shared>>,
}

struct Shared {
    store: Arc<Store>,
    options: Options,
    references: usize,
}

/// One reference to an open store, as one of its callers.
pub struct Lease {
    /// The store; stays usable, if only to be told that it is closed, while anyone holds it.
    pub store: Arc<Store>,
    /// Submits what this handle submits.
    pub caller: Caller,
    /// What is packed for the next submission; re-used.
    pub packed: Packed,
    directory: PathBuf,
    slot: Option<Arc<Slot>>,
}

/// Opens the store of a directory, or joins those that have it open. Answers to what is submitted
/// through the lease go to `sink`.
///
/// # Errors
/// What opening met, or `FOQ_INVALID_ARGUMENT` naming the options that differ from those in force.
pub fn open(directory: &Path, options: Options, sink: Arc<dyn CompletionSink>) -> Result<Lease> {
    let directory = canonical(directory);
    let slot = Arc::clone(SLOTS.lock().entry(directory.clone()).or_default());
    let joined = join(&slot, &directory, options, sink);
    match joined {
        Ok((store, caller)) => {
            let packed = caller.emptied();
            Ok(Lease { store, caller, packed, directory, slot: Some(slot) })
        }
        Err(error) => {
            forget_unused(&directory, slot);
            Err(error)
        }
    }
}

/// Opens the store of a world that no one else can join.
///
/// # Errors
/// What opening met.
pub fn open_alone(env: &Env, options: Options, sink: Arc<dyn CompletionSink>) -> Result<Lease> {
    let store = Arc::new(Store::open_in(env, &options)?);
    let caller = store.caller(sink);
    let shared = Shared { store: Arc::clone(&store), options, references: 1 };
    let slot = Some(Arc::new(Slot { state: Mutex::new(Some(shared)) }));
    let packed = caller.emptied();
    Ok(Lease { store, caller, packed, directory: PathBuf::new(), slot })
}

fn join(
    slot: &Slot,
    directory: &Path,
    options: Options,
    sink: Arc<dyn CompletionSink>,
) -> Result<(Arc<Store>, Caller)> {
    let mut state = slot.state.lock();
    let shared = match &mut *state {
        Some(shared) => {
            let names = differing(&shared.options, &options);
            if !names.is_empty() {
                let names = names.join(", ");
                let what = format!("the store is open in this process with other options: {names}");
                return Err(invalid(what));
            }
            shared
        }
        closed => {
            let store = Arc::new(Store::open(directory, &options)?);
            closed.insert(Shared { store, options, references: 0 })
        }
    };
    let caller = shared.store.caller(sink);
    shared.references += 1;
    Ok((Arc::clone(&shared.store), caller))
}

impl Lease {
    /// Gives the reference back; the last one closes the store and says what that met.
    pub fn give_back(mut self) -> Result<()> {
        self.end()
    }

    fn end(&mut self) -> Result<()> {
        let Some(slot) = self.slot.take() else { return Ok(()) };
        let result = {
            let mut state = slot.state.lock();
            match &mut *state {
                Some(shared) if shared.references > 1 => {
                    shared.references -= 1;
                    Ok(())
                }
                last => {
                    *last = None;
                    self.store.close()
                }
            }
        };
        forget_unused(&self.directory, slot);
        result
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        // Nobody is left to tell; what was acked is durable all the same.
        let _ = self.end();
    }
}

/// Removes the slot unless someone else uses it: its clones are only made under the lock of the
/// map, so two of them are the map's and ours.
fn forget_unused(directory: &Path, slot: Arc<Slot>) {
    let mut slots = SLOTS.lock();
    if Arc::strong_count(&slot) == 2 && slot.state.try_lock().is_some_and(|state| state.is_none()) {
        slots.remove(directory);
    }
}

/// The directory's one name, also before it exists. Where even its parent does not, the name as
/// given: opening will say so.
fn canonical(directory: &Path) -> PathBuf {
    if let Ok(found) = directory.canonicalize() {
        return found;
    }
    let parent = directory.parent().and_then(|parent| parent.canonicalize().ok());
    match (parent, directory.file_name()) {
        (Some(parent), Some(name)) => parent.join(name),
        _ => directory.to_path_buf(),
    }
}
