//! Class B: every workload of up to three operations over a small alphabet, cut at every moment
//! of its last commit, with every survivor set (sampled where there are more than 2^10).
//!
//! Each is run on an empty store, on one with members and records, and on one whose journal file
//! is nearly full, so that the next round needs the next file; committed one by one, and in one
//! round. Seals are letters like operations: chats are looked up by what comes after them.

use foq_log::Durability;
use foq_log::env::sim::{Cut, Dice, Survivors};

use crate::classes::a;
use crate::crash::{Explorer, Tally};
use crate::operation::{Op, OwnedAppend};
use crate::session::Session;
use crate::workload::{Letter, alphabet};
use crate::world::{START_MS, World};

/// All subsets of this many changes are tried.
const EVERY_SET_MAX: usize = 10;
/// Subsets tried of more changes.
const SAMPLED_SETS: u64 = 64;
/// Moments kept between two looks.
const CUTS_MAX: usize = 1000;
const SEED: u64 = 1;

/// What a store has lived through before the workload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Before {
    /// Nothing; its creation is looked at too.
    Empty,
    /// Two members, a few records.
    Members,
    /// The same, and so many records that the next round may need another file; that one is made
    /// from a file that has lived before.
    FileNearlyFull,
}

/// How the workload is committed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Commit {
    /// Each operation by its own round.
    OneByOne,
    /// All of them in one round.
    Together,
}

/// Runs the workloads of up to `length_max` operations; of several jobs, `job` takes each
/// `jobs`-th.
///
/// # Errors
/// A broken promise, with the workload that shows it.
pub fn run(length_max: usize, job: usize, jobs: usize) -> Result<Tally, String> {
    let mut tally = Tally::default();
    for letters in workloads(&alphabet(), length_max).into_iter().skip(job).step_by(jobs) {
        for before in [Before::Empty, Before::Members, Before::FileNearlyFull] {
            for commit in [Commit::OneByOne, Commit::Together] {
                if commit == Commit::Together && !has_neighbours(&letters) {
                    continue;
                }
                let one = run_one(before, commit, &letters)
                    .map_err(|error| format!("{before:?}, {commit:?}, {letters:?}: {error}"))?;
                tally.add(one);
            }
        }
    }
    Ok(tally)
}

/// Whether two operations follow each other, which may share a round.
fn has_neighbours(letters: &[Letter]) -> bool {
    letters.windows(2).any(|pair| matches!(pair, [Letter::Op(_), Letter::Op(_)]))
}

/// One workload.
///
/// # Errors
/// A broken promise, in words.
pub fn run_one(before: Before, commit: Commit, letters: &[Letter]) -> Result<Tally, String> {
    let mut options = a::options(&mut Dice::new(SEED));
    options.durability = Durability::Fsync;
    options.journal_file_bytes = 8192;
    options.spares = 1;
    options.retention = foq_log::Options::default().retention;
    let world = World::new(options, START_MS, SEED);
    let mut explorer = Explorer::new(SEED, 1);
    if letters.is_empty() {
        world.disk.watch(1, 0, CUTS_MAX);
    }
    let mut session = Session::create(world, SEED).map_err(|error| error.to_string())?;
    session.dirty_spares = false;
    explore_all(&mut explorer, &session)?;
    prepare(before, &mut session)?;
    session.world.disk.watch(1, 0, CUTS_MAX);
    for (nth, letter) in letters.iter().enumerate() {
        let follows = nth > 0 && matches!(letters.get(nth - 1), Some(Letter::Op(_)));
        let joins_round = follows && matches!(letter, Letter::Op(_)) && commit == Commit::Together;
        if !joins_round {
            session.drain(&mut blind)?;
            // What came before was looked at by a shorter workload.
            let _ = session.world.disk.take_cuts();
        }
        let is_last = nth + 1 == letters.len();
        match letter {
            Letter::Op(op) => session.submit(0, op.clone())?,
            Letter::BeginSeal => session.begin_seal()?,
            Letter::Seal if is_last => {
                session.seal_all(&mut |session| explore_all(&mut explorer, session))?;
            }
            Letter::Seal => session.seal_all(&mut blind)?,
        }
    }
    session.drain(&mut |session| explore_all(&mut explorer, session))?;
    if letters.contains(&Letter::BeginSeal) {
        session.seal_all(&mut |session| explore_all(&mut explorer, session))?;
    }
    session.check_live()?;
    explore_cut(&mut explorer, &session, &session.world.disk.cut())?;
    explorer.tally.work.add(session.work);
    Ok(explorer.tally)
}

/// Looks at no crash.
fn blind(_: &Session) -> Result<(), String> {
    Ok(())
}

fn prepare(before: Before, session: &mut Session) -> Result<(), String> {
    if before == Before::Empty {
        return Ok(());
    }
    let founding =
        OwnedAppend { join: vec!["ann".to_owned(), "cal".to_owned()], ..append(b"founded") };
    session.submit(0, Op::Append(founding))?;
    session.submit(0, Op::Append(append(b"second")))?;
    session.drain(&mut blind)?;
    if before == Before::FileNearlyFull {
        // Of 8192 bytes, each round takes 512 or more: a header and about a dozen rounds.
        for _ in 0..11 {
            session.submit(0, Op::Append(append(b"filler")))?;
            session.drain(&mut blind)?;
        }
        session.leave_a_dirty_file();
    }
    Ok(())
}

fn explore_all(explorer: &mut Explorer, session: &Session) -> Result<(), String> {
    for cut in session.world.disk.take_cuts() {
        explore_cut(explorer, session, &cut)?;
    }
    Ok(())
}

fn explore_cut(explorer: &mut Explorer, session: &Session, cut: &Cut) -> Result<(), String> {
    let count = cut.unsynced_count();
    let scene = session.scene(None, 0);
    explorer.recover_cut(scene, cut, None)?;
    if count <= EVERY_SET_MAX {
        for mask in 0..1u64 << count {
            explorer.recover_cut(scene, cut, Some(Survivors::Mask(mask)))?;
        }
        return Ok(());
    }
    explorer.tally.sampled_cuts += 1;
    explorer.recover_cut(scene, cut, Some(Survivors::None))?;
    explorer.recover_cut(scene, cut, Some(Survivors::All))?;
    for seed in 0..SAMPLED_SETS {
        explorer.recover_cut(scene, cut, Some(Survivors::Random(seed)))?;
    }
    Ok(())
}

/// Every sequence of up to `length_max` letters of the alphabet, but for seals that have nothing to
/// do: those after a seal, and one that begins and has nothing in between.
fn workloads(alphabet: &[Letter], length_max: usize) -> Vec<Vec<Letter>> {
    let mut all: Vec<Vec<Letter>> = vec![Vec::new()];
    let mut longest = all.clone();
    for _ in 0..length_max {
        let longer = |shorter: &Vec<Letter>| {
            let shorter = shorter.clone();
            let after_seal = matches!(shorter.last(), Some(Letter::BeginSeal | Letter::Seal));
            let may = move |letter: &&Letter| !after_seal || matches!(letter, Letter::Op(_));
            alphabet
                .iter()
                .filter(may)
                .map(move |letter| [shorter.as_slice(), std::slice::from_ref(letter)].concat())
        };
        longest = longest.iter().flat_map(longer).collect();
        all.extend_from_slice(&longest);
    }
    all.retain(|letters| letters.last() != Some(&Letter::BeginSeal));
    all
}

fn append(payload: &[u8]) -> OwnedAppend {
    OwnedAppend { chat: "chat".to_owned(), payload: payload.to_vec(), ..OwnedAppend::default() }
}
