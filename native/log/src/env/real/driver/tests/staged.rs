//! A real disk whose calls a test can hold up, fail, or let panic, by the thread that makes them;
//! and a sink that keeps what it hears.

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use parking_lot::{Condvar, Mutex};

use super::super::CompletionSink;
use crate::AttachmentId;
use crate::env::{DiskFile, Env, Layered, OpenMode};
use crate::ops::{Completion, Outcome};

/// What happens to the calls of one kind.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Act {
    Go,
    Hold,
    Fail,
    /// As a full disk does.
    Full,
    Panic,
}

/// The calls that can be acted on.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Call {
    CommitterWrite,
    CommitterSync,
    /// Of a spare.
    SealerCreate,
    CachedRead,
}

#[derive(Default)]
struct Plan {
    acts: Vec<(Call, Act)>,
    /// Calls that began, held or not.
    begun: Vec<Call>,
}

/// Shared by the disk, its files and the test.
#[derive(Default)]
pub(super) struct Stage {
    plan: Mutex<Plan>,
    changed: Condvar,
}

impl Stage {
    pub(super) fn set(&self, call: Call, act: Act) {
        let mut plan = self.plan.lock();
        plan.acts.retain(|(of, _)| *of != call);
        plan.acts.push((call, act));
        self.changed.notify_all();
    }

    /// Waits until `count` calls of this kind have begun.
    pub(super) fn wait_for(&self, call: Call, count: usize) {
        let mut plan = self.plan.lock();
        while plan.begun.iter().filter(|begun| **begun == call).count() < count {
            self.changed.wait(&mut plan);
        }
    }

    pub(super) fn count(&self, call: Call) -> usize {
        self.plan.lock().begun.iter().filter(|begun| **begun == call).count()
    }

    fn pass(&self, call: Call) -> io::Result<()> {
        let mut plan = self.plan.lock();
        plan.begun.push(call);
        self.changed.notify_all();
        loop {
            let act = plan.acts.iter().find(|(of, _)| *of == call).map_or(Act::Go, |(_, act)| *act);
            match act {
                Act::Go => return Ok(()),
                Act::Full => return Err(io::ErrorKind::StorageFull.into()),
                Act::Fail => return Err(io::Error::other("the test says so")),
                Act::Panic => panic!("the test panics in {call:?}"),
                Act::Hold => self.changed.wait(&mut plan),
            }
        }
    }
}

/// Whether this is the thread, or the one that writes for it.
fn by(name: &str) -> bool {
    thread::current().name().is_some_and(|thread| thread.starts_with(name))
}

struct StagedFile {
    file: Arc<dyn DiskFile>,
    stage: Arc<Stage>,
}

/// The same world, under the test's control.
pub(super) fn staged(env: Env) -> (Env, Arc<Stage>) {
    let stage = Arc::new(Stage::default());
    let held = Arc::clone(&stage);
    let disk = Layered::new(env.disk, move |disk, path, mode| {
        let is_spare = mode == OpenMode::Create && path.starts_with("journal/");
        if is_spare && by("foq-sealer") {
            held.pass(Call::SealerCreate)?;
        }
        let file = disk.open(path, mode)?;
        Ok(Arc::new(StagedFile { file, stage: Arc::clone(&held) }))
    });
    (Env { disk: Arc::new(disk), ..env }, stage)
}

impl DiskFile for StagedFile {
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(byte_offset, buffer)
    }

    fn read_at_cached(&self, byte_offset: u64, buffer: &mut [u8]) -> io::Result<Option<usize>> {
        match self.stage.pass(Call::CachedRead) {
            Ok(()) => self.file.read_at(byte_offset, buffer).map(Some),
            // Half of it is in the cache, or nothing.
            Err(error) if error.kind() == io::ErrorKind::StorageFull => {
                let half = buffer.len() / 2;
                let half = buffer.get_mut(..half).unwrap_or_default();
                self.file.read_at(byte_offset, half).map(Some)
            }
            Err(_) => Ok(None),
        }
    }

    fn write_at(&self, byte_offset: u64, data: &[u8]) -> io::Result<usize> {
        if by("foq-committer") {
            self.stage.pass(Call::CommitterWrite)?;
        }
        self.file.write_at(byte_offset, data)
    }

    fn sync(&self) -> io::Result<()> {
        if by("foq-committer") {
            self.stage.pass(Call::CommitterSync)?;
        }
        self.file.sync()
    }

    fn drop_cache(&self) -> io::Result<()> {
        self.file.drop_cache()
    }

    fn size(&self) -> io::Result<u64> {
        self.file.size()
    }
}

/// Keeps all it hears.
#[derive(Default)]
pub(super) struct Heard {
    calls: Mutex<Vec<Vec<Completion>>>,
    rings: Mutex<Vec<AttachmentId>>,
    rung: Condvar,
    changed: Condvar,
}

impl CompletionSink for Heard {
    fn complete(&self, completions: &mut Vec<Completion>) {
        self.calls.lock().push(std::mem::take(completions));
        self.changed.notify_all();
    }

    fn news(&self, attachments: &mut Vec<AttachmentId>) {
        self.rings.lock().append(attachments);
        self.rung.notify_all();
    }
}

impl Heard {
    /// Waits for `count` answers in all; they are given in the order in which they came.
    pub(super) fn wait_for(&self, count: usize) -> Vec<Completion> {
        let mut calls = self.calls.lock();
        while calls.iter().map(Vec::len).sum::<usize>() < count {
            self.changed.wait(&mut calls);
        }
        calls.concat()
    }

    /// Waits until this attachment was rung `count` times in all.
    pub(super) fn wait_rung(&self, attachment: AttachmentId, count: usize) {
        let mut rings = self.rings.lock();
        while rings.iter().filter(|rung| **rung == attachment).count() < count {
            let waited = self.rung.wait_for(&mut rings, Duration::from_secs(20));
            assert!(!waited.timed_out(), "attachment {attachment} was not rung {count} times");
        }
    }

    /// What was rung.
    pub(super) fn rings(&self) -> Vec<AttachmentId> {
        self.rings.lock().clone()
    }

    /// How often it was called.
    pub(super) fn calls(&self) -> usize {
        self.calls.lock().len()
    }
}

/// The codes of what failed, and `ok`.
pub(super) fn codes(completions: &[Completion]) -> Vec<&'static str> {
    let code = |completion: &Completion| match &completion.outcome {
        Outcome::Failed(error) => error.code(),
        _ => "ok",
    };
    completions.iter().map(code).collect()
}
