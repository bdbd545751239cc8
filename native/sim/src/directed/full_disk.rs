//! A disk that is full at a bad moment.

use foq_log::env::Disk;
use foq_log::env::sim::{CallKind, Fault, FaultRule, Survivors};

use super::{SEED, SMALL_FILE_BYTES, a_store, append};
use crate::crash::Explorer;
use crate::operation::Op;
use crate::session::Session;

/// Seals after which the manifests have long grown: 44 tables fit in their first size.
const SEALS_MAX: u32 = 40;
/// Rounds of a sector that fill several journal files of this size, and these hold many.
const ROUNDS: u64 = 300;
const FILE_BYTES: u32 = 32 << 10;
/// A seal for each, and one more.
const TRIES_MAX: u32 = 4;

/// The manifests grow as tables come and are not merged. One time the disk has no room for the
/// first of the two, and one time none for the second: that seal is given up, and made later.
pub(super) fn manifests_grow_on_a_full_disk() -> Result<(), String> {
    let mut session = a_store(SMALL_FILE_BYTES)?;
    for path in ["MANIFEST-A.tmp", "MANIFEST-B.tmp"] {
        let rule = FaultRule::nth(CallKind::Write, 1, Fault::NoSpace);
        session.world.disk.add_fault(FaultRule { path_start: path.to_owned(), ..rule });
    }
    for _ in 0..SEALS_MAX {
        append(&mut session)?;
        session.seal_all(&mut |_| Ok(()))?;
        session.check_live()?;
        let cut = session.world.disk.cut();
        // That a file was removed is not durable, and may be all the same.
        for survivors in [Survivors::None, Survivors::All] {
            let scene = session.scene(None, 0);
            Explorer::new(SEED, 1).recover_cut(scene, &cut, Some(survivors))?;
        }
    }
    if session.world.disk.faults_met() != 2 {
        return Err("the manifests did not grow".to_owned());
    }
    session.reopen(&mut |_| Ok(()))?;
    match session.world.disk.list("quarantine") {
        Err(_none) => Ok(()),
        Ok(names) => Err(format!("I20: tables that nobody names are left: {names:?}")),
    }
}

/// Others take every byte of the disk. What it takes to seal lies in the ballast, so that acks,
/// which fill one journal file after the other, go on; then there is space, and so do appends.
pub(super) fn acks_outlast_a_full_disk() -> Result<(), String> {
    let mut session = a_store(FILE_BYTES)?;
    session.submit(0, super::member_op(0, true))?;
    for _ in 0..ROUNDS {
        append(&mut session)?;
        while session.wants_spare() && session.prepare_spare()? {}
    }
    session.seal_all(&mut |_| Ok(()))?;
    session.merge_all()?;
    session.squeeze(0);
    for received in 1..=ROUNDS {
        session.submit(0, an_ack(received))?;
        commit_sealing(&mut session)?;
    }
    session.check_live()?;
    append(&mut session)?;
    session.check_live()
}

fn an_ack(received: u64) -> Op {
    Op::Ack {
        chat: "chat".to_owned(),
        consumer: super::consumer(0),
        received: Some(received),
        delivered: None,
        read: None,
        marks_seen: None,
        durable: true,
    }
}

/// Commits all that waits, and seals where a file is wanted for it.
fn commit_sealing(session: &mut Session) -> Result<(), String> {
    for _ in 0..TRIES_MAX {
        while session.step()? {}
        if session.model.unsettled() == 0 {
            return Ok(());
        }
        session.seal_all(&mut |_| Ok(()))?;
    }
    Err("I29: an ack waits for the full disk".to_owned())
}
