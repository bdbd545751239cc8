//! `foq-crash`: kills a process that uses a store, with SIGKILL, again and again, and checks
//! what the next one finds there.
//!
//! A kill loses nothing that the system was given, so this tests the threads, the lock, the real
//! file system and recovery as they ship; power loss is the simulated disk's part. It leaves no
//! process and no folder behind.
//!
//! `foq-crash [--rounds N] [--seed N] [--dir PATH]`

mod child;
mod judge;
mod kill;
mod workload;

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hasher};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use foq_log::env::Env;
use foq_log::env::real::{RunningStore, env};
use foq_log::{Error, Keep, Options, Report, Retention, verify};

use self::judge::Judge;
use self::kill::Moment;
use self::workload::Numbers;

/// Rounds among which some store with tables is sure to be verified.
const ROUNDS_WITH_SEALS: u64 = 100;
/// Rounds before a new store is made.
const STORE_ROUNDS: u64 = 10;

/// How both processes open the store: small files, so that kills fall on the change from one to
/// the next; a journal of hardly more than one, and small tables, so that they fall on seals and
/// merges; small rounds, so that one is judged while another is written; nothing expires, so that
/// all can be compared.
fn options() -> Options {
    Options {
        journal_file_bytes: 256 << 10,
        round_bytes_max: 8 << 10,
        journal_window_bytes: 256 << 10,
        table_bytes_max: 256 << 10,
        dedup_depth: 1024,
        ack_flush_ms: 20,
        idle_mark_ms: 5,
        retention: Retention { keep: Keep::Forever, ..Options::default().retention },
        ..Options::default()
    }
}

struct Arguments {
    rounds: u64,
    seed: u64,
    dir: PathBuf,
}

fn main() -> ExitCode {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let ended = match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        ["--child", dir, seed, round] => a_child(dir, seed, round),
        words => arguments(words).and_then(|arguments| a_parent(&arguments)),
    };
    match ended {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(what) => {
            eprintln!("foq-crash: {what}");
            ExitCode::FAILURE
        }
    }
}

fn arguments(words: &[&str]) -> Result<Arguments, String> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seed = u64::from(now.subsec_nanos());
    let mut arguments = Arguments { rounds: 100, seed, dir: std::env::temp_dir() };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let value = words.next().ok_or_else(|| format!("{word} needs a value"))?;
        match *word {
            "--rounds" => arguments.rounds = number(value)?,
            "--seed" => arguments.seed = number(value)?,
            "--dir" => arguments.dir = PathBuf::from(value),
            _ => return Err(format!("{word} is unknown; --rounds, --seed and --dir are known")),
        }
    }
    Ok(arguments)
}

fn number(word: &str) -> Result<u64, String> {
    word.parse().map_err(|_| format!("{word} is no number"))
}

fn a_child(dir: &str, seed: &str, round: &str) -> Result<bool, String> {
    child::run(Path::new(dir), number(seed)?, number(round)?).map(|()| true)
}

/// A folder that is gone when the run ends.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn a_parent(arguments: &Arguments) -> Result<bool, String> {
    let Arguments { rounds, seed, dir } = arguments;
    println!("foq-crash: seed {seed}, {rounds} rounds");
    let folder = Folder(dir.join(format!("foq-crash-{}", std::process::id())));
    std::fs::create_dir(&folder.0).map_err(|error| format!("{}: {error}", folder.0.display()))?;
    let (mut passed, mut failed) = (0u64, 0u64);
    let (mut judge, mut store, mut fresh) = (Judge::new(*seed), PathBuf::new(), true);
    let mut totals = Totals::default();
    for round in 0..*rounds {
        if fresh || round % STORE_ROUNDS == 0 {
            totals.add(&judge);
            let _ = std::fs::remove_dir_all(&store);
            store = folder.0.join(format!("store-{round}"));
            judge = Judge::new(*seed);
        }
        let judged = a_round(&store, *seed, round, &mut judge, &mut totals);
        // What a failed round left behind would only fail the next ones again.
        fresh = judged.is_err();
        match judged {
            Ok(()) => passed += 1,
            Err(what) => {
                failed += 1;
                println!("FAILED round {round}: {what}");
                println!("  to see it again: foq-crash --rounds {rounds} --seed {seed}");
            }
        }
    }
    totals.add(&judge);
    println!("{} acked appends kept, {} of unknown outcome", totals.durable, totals.unknown);
    println!("{} tables verified", totals.tables);
    if *rounds >= ROUNDS_WITH_SEALS && totals.tables == 0 {
        failed += 1;
        println!("FAILED: nothing was sealed in {rounds} rounds");
    }
    println!("{passed} passed, {failed} failed");
    Ok(failed == 0)
}

/// What was put to the test; a run that tested nothing shows it.
#[derive(Default)]
struct Totals {
    durable: usize,
    unknown: usize,
    tables: u64,
}

impl Totals {
    fn add(&mut self, judge: &Judge) {
        self.durable += judge.durable();
    }
}

/// Kills once; then mostly looks, and sometimes lets the next child recover, to be killed too.
fn a_round(
    dir: &Path,
    seed: u64,
    round: u64,
    judge: &mut Judge,
    totals: &mut Totals,
) -> Result<(), String> {
    let mut numbers = Numbers::new(&[seed, round]);
    let moment = Moment::choose(&mut numbers);
    let lines = kill::run(dir, seed, round, moment)?;
    judge.hear(round, &lines)?;
    totals.unknown += judge.unknown();
    let is_last = round % STORE_ROUNDS == STORE_ROUNDS - 1;
    if numbers.below(4) == 0 && !is_last {
        return Ok(());
    }
    let world = env(dir).map_err(|error| error.to_string())?;
    let verified = match numbers.below(2) {
        0 => verify_unchanged(dir, &world)?,
        _ => None,
    };
    let store = RunningStore::open(&world, &options()).map_err(|error| error.to_string())?;
    judge.check(round, &store.reader())?;
    if let Some(report) = verified {
        totals.tables += report.tables;
        let records = report.records + report.sealed_records;
        if records != judge.durable() as u64 {
            return Err(format!("{records} records verify, {} are read", judge.durable()));
        }
    }
    judge.retry(&store)?;
    judge.check(round, &store.reader())?;
    store.close().map_err(|error| error.to_string())
}

/// What verifies after a kill: all of it, and no byte is changed by looking. None where the
/// child was killed before there was a store.
fn verify_unchanged(dir: &Path, world: &Env) -> Result<Option<Report>, String> {
    if !dir.exists() {
        return Ok(None);
    }
    let before = digest(dir)?;
    let report = match verify(world) {
        Ok(report) => report,
        Err(Error::Unavailable { .. }) => return Ok(None),
        Err(error) => return Err(format!("verify: {error}")),
    };
    if !report.errors.is_empty() {
        return Err(format!("verify: {report}"));
    }
    if digest(dir)? != before {
        return Err("verify changed a file".to_owned());
    }
    Ok(Some(report))
}

/// A hash of every file of a store, by path.
fn digest(dir: &Path) -> Result<BTreeMap<PathBuf, u64>, String> {
    let (mut found, mut folders) = (BTreeMap::new(), vec![dir.to_owned()]);
    while let Some(folder) = folders.pop() {
        let inside = std::fs::read_dir(&folder).map_err(|error| error.to_string())?;
        for path in inside.flatten().map(|inside| inside.path()) {
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let mut hasher = DefaultHasher::new();
            hasher.write(&std::fs::read(&path).map_err(|error| error.to_string())?);
            found.insert(path, hasher.finish());
        }
    }
    Ok(found)
}
