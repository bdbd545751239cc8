//! Stores on a real disk for tests that damage them: made, looked at byte by byte, and used.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use foq_log::env::real::{CompletionSink, RunningStore, env};
use foq_log::{
    Append, Completion, Error, JoinAt, Keep, Log, Operation, Options, Outcome, Packed, ReadFrom,
    Reader, Retention, dump, verify,
};

/// A folder that is gone when the test ends, and whatever was mounted in it.
pub struct Place {
    path: PathBuf,
    mounted: bool,
}

impl Place {
    pub fn new(name: &str) -> Self {
        static MADE: AtomicU32 = AtomicU32::new(0);
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("foq-bad-{name}-{}-{number}", std::process::id());
        let path = std::env::temp_dir().join(name);
        fs::create_dir(&path).unwrap();
        Self { path, mounted: false }
    }

    /// A file system of its own in memory, of so many bytes.
    pub fn mounted(name: &str, bytes: u64) -> Result<Self, String> {
        let mut place = Self::new(name);
        let options = format!("size={bytes},mode=0755");
        run("mount", &["-t", "tmpfs", "-o", &options, "foq-test", place.text()])?;
        place.mounted = true;
        Ok(place)
    }

    /// From now on nothing can be written in it.
    pub fn remount_read_only(&self) {
        run("mount", &["-o", "remount,ro", self.text()]).unwrap();
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the store is.
    pub fn store(&self) -> PathBuf {
        self.path.join("store")
    }

    fn text(&self) -> &str {
        self.path.to_str().unwrap()
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        if self.mounted {
            let _ = run("umount", &[self.text()]);
        }
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn run(program: &str, arguments: &[&str]) -> Result<(), String> {
    let ran = Command::new(program).args(arguments).output();
    let ran = ran.map_err(|error| format!("{program}: {error}"))?;
    let said = String::from_utf8_lossy(&ran.stderr).trim().to_owned();
    if ran.status.success() { Ok(()) } else { Err(format!("{program} says: {said}")) }
}

/// Says that a test could not be done here, past the capture of a passing test's output.
pub fn skipped(name: &str, reason: &str) {
    let _ = writeln!(std::io::stdout(), "test {name} ... ignored, {reason}");
}

/// Small files, so that few appends fill several; nothing expires.
pub fn options() -> Options {
    Options {
        journal_file_bytes: 16 << 10,
        round_bytes_max: 8 << 10,
        spares: 1,
        retention: Retention { keep: Keep::Forever, ..Options::default().retention },
        ..Options::default()
    }
}

pub fn for_reading() -> Options {
    Options { create: false, read_only: true, ..options() }
}

pub fn open(dir: &Path, options: &Options) -> Result<RunningStore, Error> {
    RunningStore::open(&env(dir).unwrap(), options)
}

/// Gives the answers of one submission.
#[derive(Default)]
struct Answers {
    kept: Mutex<Vec<Completion>>,
    came: Condvar,
}

impl CompletionSink for Answers {
    fn complete(&self, completions: &mut Vec<Completion>) {
        self.kept.lock().unwrap().append(completions);
        self.came.notify_all();
    }
}

/// Does one operation and waits for its answer.
pub fn ask(store: &RunningStore, operation: &Operation<'_>) -> Outcome {
    let answers = Arc::new(Answers::default());
    let caller = store.caller(answers.clone());
    let mut packed = Packed::default();
    store.packer().pack(&mut packed, operation).unwrap();
    caller.submit(packed).unwrap();
    let mut kept = answers.kept.lock().unwrap();
    while kept.is_empty() {
        kept = answers.came.wait(kept).unwrap();
    }
    kept.remove(0).outcome
}

pub fn append(store: &RunningStore, payload: &[u8]) -> Outcome {
    ask(store, &Operation::Append(Append::new("chat", payload)))
}

/// The code of a refusal, or `ok`.
pub fn code(outcome: &Outcome) -> &'static str {
    match outcome {
        Outcome::Failed(error) => error.code(),
        _ => "ok",
    }
}

pub fn joined(store: &RunningStore) {
    let join = Operation::Join { chat_id: "chat", consumer_id: "ann/phone", at: JoinAt::First };
    assert_eq!(code(&ask(store, &join)), "ok");
}

/// The payload of the `number`th record that `a_store` appends.
pub fn payload(number: u64) -> Vec<u8> {
    number.to_string().repeat(1 + number as usize % 200).into_bytes()
}

/// Makes a store with `count` records, each in a round of its own, and closes it.
pub fn a_store(dir: &Path, count: u64) {
    let store = open(dir, &options()).unwrap();
    joined(&store);
    for number in 1..=count {
        assert_eq!(code(&append(&store, &payload(number))), "ok");
    }
    store.close().unwrap();
}

/// Prepares the spares of a store, which its threads may have had no time for.
pub fn prepare_spares(dir: &Path) {
    let mut log = Log::open(&env(dir).unwrap(), &options()).unwrap();
    while log.wants_spare() {
        log.prepare_spare().unwrap();
    }
}

/// All records of the chat, from the first.
pub fn records(reader: &Reader) -> Vec<Vec<u8>> {
    let head = reader.head("chat").unwrap().head_seq;
    let mut payloads: Vec<Vec<u8>> = Vec::new();
    while (payloads.len() as u64) < head {
        let from = ReadFrom::Seq(payloads.len() as u64 + 1);
        let page = reader.read("chat", from, 1000, 1 << 20).unwrap();
        assert!(!page.records.is_empty() && page.gap.is_none());
        payloads.extend(page.records.into_iter().map(|record| record.payload));
    }
    payloads
}

/// That the store holds the first `count` records of `a_store`, and nothing else.
pub fn holds(dir: &Path, options: &Options, count: u64) {
    let store = open(dir, options).unwrap();
    let expected: Vec<Vec<u8>> = (1..=count).map(payload).collect();
    assert_eq!(records(&store.reader()), expected);
    store.close().unwrap();
}

/// Every file of a folder with its bytes, but the lock, which says who opened it last.
pub fn files(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![dir.to_owned()];
    while let Some(folder) = folders.pop() {
        for inside in fs::read_dir(&folder).into_iter().flatten() {
            let path = inside.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("LOCK") {
                found.insert(path.clone(), fs::read(&path).unwrap());
            }
        }
    }
    found
}

/// The store does not open, with this code; opening, verifying and dumping change no file.
pub fn refused(dir: &Path, code: &str) -> Error {
    let before = files(dir);
    let error = open(dir, &options()).err().expect("the store is refused");
    assert_eq!(error.code(), code, "{error}");
    let again = open(dir, &options()).err().expect("the store is refused again");
    assert_eq!(again.to_string(), error.to_string());
    let world = env(dir).unwrap();
    match verify(&world) {
        Ok(report) => assert_eq!(report.errors.first().map(Error::code), Some(code), "{report}"),
        Err(error) => assert_eq!(error.code(), code, "{error}"),
    }
    let _ = dump(&world, &mut |_line| {});
    assert!(files(dir) == before, "nothing changed");
    error
}

/// Where a batch lies.
#[derive(Clone, Debug)]
pub struct Batch {
    pub path: PathBuf,
    pub byte_offset: usize,
    pub bytes: usize,
    pub effects: usize,
}

/// All batches that verify, in order, as `dump` shows them.
pub fn batches(dir: &Path) -> Vec<Batch> {
    let (mut found, mut path) = (Vec::new(), PathBuf::new());
    let mut sink = |line: String| {
        let number = |name: &str| -> usize {
            let rest = line.split_once(&format!("\"{name}\":")).unwrap().1;
            rest.split([',', '}']).next().unwrap().parse().unwrap()
        };
        if line.starts_with("{\"line\":\"journal file\"") {
            let rest = line.split_once("\"file\":\"").unwrap().1;
            path = dir.join(rest.split('"').next().unwrap());
        } else if line.starts_with("{\"line\":\"batch\"") {
            let (byte_offset, bytes) = (number("byteOffset"), number("bytes"));
            let effects = number("effects");
            found.push(Batch { path: path.clone(), byte_offset, bytes, effects });
        }
    };
    dump(&env(dir).unwrap(), &mut sink).unwrap();
    found
}

/// Changes one byte of a file.
pub fn flip(path: &Path, byte_offset: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[byte_offset] ^= 0x10;
    fs::write(path, bytes).unwrap();
}
