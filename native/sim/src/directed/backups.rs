//! Backups by hand: of a store that goes on, and with every call of a backup and of a restore
//! failing, or being the last one before a power cut.

use foq_log::env::sim::{SimDisk, Survivors};
use foq_log::{Error, Log};

use super::{SEED, SMALL_FILE_BYTES, append};
use crate::backup::Taken;
use crate::classes::c::FAULTS;
use crate::crash::Explorer;
use crate::session::Session;
use foq_log::env::sim::FaultRule;

/// Rounds that fill several journal files.
const ROUNDS: u32 = 40;
/// Far more calls than a backup or a restore of so little makes.
const CALLS_MAX: u64 = 2000;
/// Sets of survivors at random that are tried of each moment.
const RANDOM_SETS: u64 = 4;

/// A store with tables, and rounds behind them.
fn a_sealed_store() -> Result<Session, String> {
    let mut session = super::a_store(SMALL_FILE_BYTES)?;
    for _ in 0..ROUNDS {
        append(&mut session)?;
    }
    session.seal_all(&mut |_| Ok(()))?;
    (0..3).try_for_each(|_| append(&mut session))?;
    Ok(session)
}

/// After each step of a backup the store takes records, seals, and merges what it leased. It ends,
/// and holds what was there when it began, also later and after a power cut.
pub(super) fn the_store_goes_on() -> Result<(), String> {
    let mut session = a_sealed_store()?;
    session.begin_backup()?;
    while session.backup_step()? {
        (0..ROUNDS / 4).try_for_each(|_| append(&mut session))?;
        session.seal_all(&mut |_| Ok(()))?;
        session.merge_all()?;
    }
    let cut = session.world.disk.cut();
    let taken = session.world.backup.clone().ok_or("there was a backup")?;
    for survivors in survivors() {
        taken.check(&cut.power_cut(survivors), &session.world, true)?;
    }
    session.check_live()
}

/// Nothing, all, and some sets at random.
fn survivors() -> impl Iterator<Item = Survivors> {
    let sets = (SEED..SEED + RANDOM_SETS).map(Survivors::Random);
    [Survivors::None, Survivors::All].into_iter().chain(sets)
}

/// Each call fails in each way.
pub(super) fn each_call_fails() -> Result<(), String> {
    for fault in FAULTS {
        let mut met = 0;
        for nth in 1..CALLS_MAX {
            let rule = FaultRule::nth_call(nth, fault);
            let backup =
                backup_with(&rule).map_err(|error| format!("backup, {rule:?}: {error}"))?;
            let restore =
                restore_with(&rule).map_err(|error| format!("restore, {rule:?}: {error}"))?;
            met = nth;
            if !backup && !restore {
                break;
            }
        }
        if met < 20 || met + 1 >= CALLS_MAX {
            return Err(format!("{met} calls tell too little"));
        }
    }
    Ok(())
}

/// A backup that meets a fault, while records are appended; says whether it did. The store goes on,
/// or recovers after a power cut; the backup is whole, or none.
fn backup_with(rule: &FaultRule) -> Result<bool, String> {
    let mut session = a_sealed_store()?;
    session.world.disk.add_fault(rule.clone());
    session.begin_backup()?;
    session.finish_backup()?;
    if session.world.disk.faults_met() == 0 {
        return Ok(false);
    }
    if session.failure.is_some() {
        return Err("a backup that fails has poisoned the store".to_owned());
    }
    let done = session.world.backup.as_ref().is_some_and(|taken| taken.done_at.is_some());
    let cut = session.world.disk.cut();
    let mut explorer = Explorer::new(SEED, 1);
    for survivors in survivors() {
        explorer.recover_cut(session.scene(None, 0), &cut, Some(survivors))?;
        if let Some(taken) = &session.world.backup {
            taken.check(&cut.power_cut(survivors), &session.world, done)?;
        }
    }
    if !session.world.disk.crashed() {
        session.world.disk.clear_faults();
        append(&mut session)?;
        session.check_live()?;
    }
    Ok(true)
}

/// A restore that meets a fault; says whether it did. What is found afterwards is the store, or
/// does not open.
fn restore_with(rule: &FaultRule) -> Result<bool, String> {
    let mut session = a_sealed_store()?;
    session.begin_backup()?;
    session.finish_backup()?;
    let (world, disk) = (&session.world, &session.world.disk);
    let taken = world.backup.clone().ok_or("there was a backup")?;
    let before = disk.faults_met();
    disk.add_fault(rule.clone());
    let [from, to] = [&*taken.directory, "restored"].map(|name| world.env_of(disk, name));
    let restored = foq_log::restore(&from, &to);
    let met = disk.faults_met() > before;
    if let Err(error) = &restored
        && !(met && matches!(error, Error::Unavailable { .. } | Error::DiskFull { .. }))
    {
        return Err(format!("a fault of the disk is answered with {} {error}", error.code()));
    }
    let cut = disk.cut();
    for survivors in survivors() {
        look_at_restored(&session, &cut.power_cut(survivors), &taken, restored.is_ok())?;
    }
    look_at_restored(&session, &cut.kill(), &taken, restored.is_ok())?;
    Ok(met)
}

fn look_at_restored(
    session: &Session,
    disk: &SimDisk,
    taken: &Taken,
    must: bool,
) -> Result<(), String> {
    let world = &session.world;
    let mut options = world.options.clone();
    options.create = false;
    match Log::open(&world.env_of(disk, "restored"), &options) {
        Ok(log) => {
            let (round, reader) = (log.rounds().0, log.reader());
            taken.model.check_recovered_at(&reader, round)?;
            reader.check_tables().map_err(|error| error.to_string())
        }
        Err(Error::Unavailable { .. }) if !must => Ok(()),
        Err(error) => Err(format!("a restored store does not open: {} {error}", error.code())),
    }
}
