//! Faults of the simulated disk, planned by call: "the third sync fails", "call 17 crashes".

use std::io;

/// What is asked of a disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "one per method of Disk and DiskFile")]
pub enum CallKind {
    CreateRoot,
    CreateDir,
    Open,
    Rename,
    Remove,
    Link,
    List,
    SyncDir,
    Space,
    Lock,
    Read,
    Write,
    Sync,
    DropCache,
    Size,
}

impl CallKind {
    /// Every kind.
    pub const ALL: [Self; 15] = [
        Self::CreateRoot,
        Self::CreateDir,
        Self::Open,
        Self::Rename,
        Self::Remove,
        Self::Link,
        Self::List,
        Self::SyncDir,
        Self::Space,
        Self::Lock,
        Self::Read,
        Self::Write,
        Self::Sync,
        Self::DropCache,
        Self::Size,
    ];
}

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// An I/O error. A write has put some prefix in the cache; a sync has brought some of the
    /// sectors to the device and marked all of them clean.
    Io,
    /// No space is left. Nothing is written; a sync fails as with `Io`.
    NoSpace,
    /// A read or write moves half of its bytes (at least one) and says so.
    Short,
    /// The process ends before the call; this and every later call fails.
    Crash,
    /// A write says it was done and is shown by the cache, but never reaches the device.
    LostWrite,
    /// A write says it was done and is shown by the cache, but reaches this byte offset of
    /// the device.
    Misdirected(u64),
}

/// A fault at the `nth` call (1 is the first) of a kind, or of any kind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultRule {
    /// Which calls are counted; `None` is all.
    pub kind: Option<CallKind>,
    /// Only calls whose path begins so are counted; empty is all.
    pub path_start: String,
    /// The first call hit.
    pub nth: u64,
    /// How many calls in a row are hit.
    pub count: u64,
    /// What happens to them.
    pub fault: Fault,
}

impl FaultRule {
    /// One call of a kind, on any path.
    #[must_use]
    pub fn nth(kind: CallKind, nth: u64, fault: Fault) -> Self {
        Self { kind: Some(kind), path_start: String::new(), nth, count: 1, fault }
    }

    /// The nth call of all.
    #[must_use]
    pub fn nth_call(nth: u64, fault: Fault) -> Self {
        Self { kind: None, path_start: String::new(), nth, count: 1, fault }
    }
}

/// Rules with how often each was met.
#[derive(Default)]
pub(super) struct Faults {
    rules: Vec<(FaultRule, u64)>,
    hit_count: u64,
}

impl Faults {
    pub(super) fn add(&mut self, rule: FaultRule) {
        self.rules.push((rule, 0));
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// Calls that were hit so far.
    pub(super) fn hit_count(&self) -> u64 {
        self.hit_count
    }

    /// Counts one call; the first rule that hits it decides.
    pub(super) fn meet(&mut self, kind: CallKind, path: &str) -> Option<Fault> {
        let mut met = None;
        for (rule, seen) in &mut self.rules {
            if rule.kind.is_some_and(|wanted| wanted != kind) || !path.starts_with(&rule.path_start)
            {
                continue;
            }
            *seen += 1;
            if *seen >= rule.nth && *seen - rule.nth < rule.count && met.is_none() {
                met = Some(rule.fault);
            }
        }
        self.hit_count += u64::from(met.is_some());
        met
    }
}

pub(super) fn io_error() -> io::Error {
    io::Error::other("simulated I/O error")
}

pub(super) fn no_space() -> io::Error {
    io::Error::new(io::ErrorKind::StorageFull, "no space left on the simulated disk")
}

pub(super) fn crash_error() -> io::Error {
    io::Error::other("the simulated process has ended")
}
