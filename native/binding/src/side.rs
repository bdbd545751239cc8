//! What the addon keeps for one JavaScript environment: its bell, its handles, its requests.
//!
//! Every value that JavaScript holds is a number that is looked up here, on the thread it was given
//! to; a wrong one is an error, never a wild pointer.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::mpsc::SyncSender;

use foq_log::{Error, Result};

use crate::bell::{Answer, Bell, REQUESTS_MAX};
use crate::options::count_of;
use crate::packing::invalid;
use crate::registry::Lease;
use crate::simulated::World;
use crate::words::Told;

/// Numbers of sides are unique in the process, so that another thread's is found nowhere.
static NEXT_SIDE: AtomicU32 = AtomicU32::new(1);

thread_local! {
    /// Emptied by the clean-up hook of each environment, never by the end of the thread: at
    /// `process.exit` there is no time to close stores, and nothing acked needs it.
    static SIDES: ManuallyDrop<RefCell<BTreeMap<u32, Side>>> = const {
        ManuallyDrop::new(RefCell::new(BTreeMap::new()))
    };
}

/// See the module.
pub struct Side {
    /// Wakes this thread.
    pub bell: Arc<Bell>,
    /// Open handles.
    pub handles: HashMap<u32, Lease>,
    /// What was announced and not yet taken.
    pub told: Told,
    /// What the last call made for the next to take.
    pub ready: Vec<u8>,
    /// Simulated worlds.
    pub worlds: HashMap<u32, Arc<World>>,
    /// Dumps under way; a word on their channel asks for the next part.
    pub dumps: HashMap<u32, SyncSender<()>>,
    /// Backups under way, and whether they are given up.
    pub backups: HashMap<u32, Arc<AtomicBool>>,
    /// Requests without an answer that was taken.
    requests: usize,
    next: u32,
}

impl Side {
    /// A number for a handle or a request, unused on this side.
    pub fn number(&mut self) -> Result<u32> {
        self.next = self.next.checked_add(1).ok_or(Error::Busy { what: "numbers of requests" })?;
        Ok(self.next)
    }

    /// Starts a request that will have one answer; its number. `FOQ_BUSY` when too many are open.
    pub fn request(&mut self, start: impl FnOnce(u32) -> Result<()>) -> Result<u32> {
        if self.requests >= REQUESTS_MAX {
            return Err(Error::Busy { what: "open requests" });
        }
        let number = self.number()?;
        start(number)?;
        self.requests += 1;
        Ok(number)
    }

    /// The answer of a request, which ends with it.
    pub fn take(&mut self, request: f64) -> Result<Answer> {
        let answer = self.told.answers.remove(&key(request, "request")?);
        let answer = answer.ok_or_else(|| invalid(String::from("no such answer")))?;
        self.end_requests(1);
        Ok(answer)
    }

    /// Requests that need no answer any more.
    pub fn end_requests(&mut self, count: usize) {
        self.requests = self.requests.saturating_sub(count);
    }

    /// The store behind a handle; `FOQ_CLOSED` if it is not open.
    pub fn lease(&self, handle: f64) -> Result<&Lease> {
        self.handles.get(&key(handle, "handle")?).ok_or(Error::Closed)
    }

    /// A simulated world.
    pub fn world(&self, world: f64) -> Result<&Arc<World>> {
        let world = self.worlds.get(&key(world, "world")?);
        world.ok_or_else(|| invalid(String::from("no such world")))
    }

    /// The same, to submit through it.
    pub fn lease_mut(&mut self, handle: f64) -> Result<&mut Lease> {
        self.handles.get_mut(&key(handle, "handle")?).ok_or(Error::Closed)
    }
}

/// Makes a side; its number.
pub fn add(bell: Arc<Bell>) -> u32 {
    let number = NEXT_SIDE.fetch_add(1, Ordering::Relaxed);
    let told = Told::default();
    let side = Side {
        bell,
        handles: HashMap::new(),
        told,
        ready: Vec::new(),
        worlds: HashMap::new(),
        dumps: HashMap::new(),
        backups: HashMap::new(),
        requests: 0,
        next: 0,
    };
    SIDES.with(|sides| sides.borrow_mut().insert(number, side));
    number
}

/// Runs `body` with a side of this thread.
pub fn with<T>(number: f64, body: impl FnOnce(&mut Side) -> Result<T>) -> Result<T> {
    let number = key(number, "side")?;
    SIDES.with(|sides| {
        let mut sides = sides.try_borrow_mut().map_err(|_| Error::Busy { what: "this thread" })?;
        body(sides.get_mut(&number).ok_or_else(|| invalid(String::from("no such side here")))?)
    })
}

/// Ends a side: its bell rings no more and its references to stores are given back, which waits
/// for those stores that nobody else has open.
pub fn remove(number: u32) {
    let side = SIDES.with(|sides| {
        let mut sides = sides.borrow_mut();
        let side = sides.remove(&number);
        if sides.is_empty() {
            *sides = BTreeMap::new();
        }
        side
    });
    if let Some(side) = side {
        side.bell.detach();
    }
}

/// A number that JavaScript gave, as the key of a table.
pub fn key(value: f64, what: &str) -> Result<u32> {
    let key = count_of(value).and_then(|value| u32::try_from(value).ok());
    key.ok_or_else(|| invalid(format!("{what} must be a number that this addon gave")))
}
