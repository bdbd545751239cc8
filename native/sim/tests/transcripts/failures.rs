//! Faults: a clear error with a code, nothing acked falsely, reads that go on.

use foq_log::env::Space;
use foq_log::env::sim::{CallKind, Fault, FaultRule, SimDisk, Survivors};
use foq_log::{Assembled, Error, JoinAt, Log, Outcome};

use super::verbs::*;

#[test]
fn after_a_failed_write_or_sync_nothing_is_acked_and_reads_go_on() {
    for kind in [CallKind::Write, CallKind::Sync] {
        let mut world = a_store();
        world.filled(2);
        let ticket = world.submit(&plain("never acked"));
        let mut queued = world.assemble().unwrap();
        let late = world.submit(&plain("still queued"));
        world.disk.add_fault(FaultRule::nth(kind, 1, Fault::Io));
        let failed = match world.log().write(&mut queued) {
            Err(error) => error,
            Ok(()) => world.log().sync(&queued).unwrap_err(),
        };
        assert_eq!(failed.code(), "FOQ_POISONED", "{failed}");
        world.log().abandon(queued);
        for ticket in [ticket, late] {
            match world.answer(ticket) {
                Some(Outcome::Failed(error)) => assert_eq!(error.code(), "FOQ_POISONED"),
                other => panic!("{kind:?} {ticket:?}: {other:?}"),
            }
        }
        assert_eq!(world.refusal(&plain("more")).code(), "FOQ_POISONED");
        assert_eq!(world.texts(), ["text", "text"]);
        world.disk.clear_faults();
        world.power_cut(Survivors::None);
        let (seq, ..) = world.appended(&plain("after"));
        assert_eq!(world.texts().len() as u64, seq);
        assert!(seq == 3 || seq == 4, "the failed one is there once or not at all");
    }
}

#[test]
fn a_second_handle_of_the_store_is_refused_with_the_holders_pid() {
    let mut world = a_store();
    let error = Log::open(&world.env(), &world.options).err().unwrap();
    assert!(matches!(error, Error::Locked { .. }), "{error}");
    world.filled(1);
    world.reopen();
}

#[test]
fn a_missing_store_is_not_made_when_nobody_asked_for_it() {
    let mut world = a_store();
    world.drop_log();
    world.disk = SimDisk::new();
    world.options.create = false;
    let error = Log::open(&world.env(), &world.options).err().unwrap();
    assert_eq!(error.code(), "FOQ_UNAVAILABLE", "{error}");
    assert!(world.disk.files().is_empty());
}

#[test]
fn a_full_disk_refuses_appends_and_takes_acks_leaves_trims_and_deletes() {
    let mut world = a_store();
    world.join("ann");
    world.filled(3);
    world.log().set_space(Space { free_bytes: 0, total_bytes: 1 << 40 });
    let refused = world.refused(&plain("no"));
    assert!(matches!(refused, Error::DiskFull { free_bytes: 0, .. }), "{refused}");
    assert_eq!(world.refused(&joining("bob", JoinAt::Head)).code(), "FOQ_DISK_FULL");
    world.receive("ann", 1);
    world.ask(&deleting(&[(2, 2)]));
    world.ask(&trimming(2));
    world.leave("ann");
    assert_eq!(world.show(), "floor 3 head 3, ann 1/0/0 until 3");
    world.log().set_space(Space { free_bytes: 1 << 39, total_bytes: 1 << 40 });
    assert_eq!(world.appended(&plain("yes")).0, 4);
}

#[test]
fn a_repeat_is_answered_although_the_disk_is_full() {
    let mut world = a_store();
    let send = foq_sim::operation::Op::Append(keyed("ann", "k", "a"));
    world.appended(&send);
    world.log().set_space(Space { free_bytes: 0, total_bytes: 1 << 40 });
    assert_eq!(world.appended(&send), (1, START_MS, true));
}

#[test]
fn more_than_the_pending_bytes_are_refused_as_busy_and_taken_later() {
    let mut world = a_store_with(|options| options.pending_bytes_max = 4096);
    let op = plain(&"x".repeat(1000));
    let mut taken = 0;
    let refused = loop {
        match op.with(|operation| world.log().submit(0, operation)) {
            Ok(_) => taken += 1,
            Err(error) => break error,
        }
        assert!(taken < 10, "no bound");
    };
    assert_eq!(refused.code(), "FOQ_BUSY", "{refused}");
    world.commit();
    assert_eq!(world.texts().len(), taken);
    assert_eq!(world.appended(&op).0, taken as u64 + 1);
}

#[test]
fn a_read_only_store_serves_reads_and_changes_nothing() {
    let mut world = a_store();
    world.filled(3);
    world.reopen();
    world.drop_log();
    let before = world.disk.files();
    world.options.read_only = true;
    world.open().unwrap();
    assert_eq!(world.texts().len(), 3);
    assert!(op_is_refused(&mut world));
    world.drop_log();
    let unlocked = |files: Vec<(String, Vec<u8>)>| {
        files.into_iter().filter(|(path, _)| path != "LOCK").collect::<Vec<_>>()
    };
    assert_eq!(unlocked(world.disk.files()), unlocked(before));
}

fn op_is_refused(world: &mut World) -> bool {
    plain("no").with(|operation| world.log().submit(0, operation)).is_err()
}

#[test]
fn answers_of_what_did_not_become_durable_are_no_promises() {
    let mut world = a_store();
    world.filled(1);
    let ticket = world.submit(&plain("lost"));
    let mut round = world.assemble().unwrap();
    world.log().write(&mut round).unwrap();
    assert!(world.answer(ticket).is_none());
    world.power_cut(Survivors::None);
    assert_eq!(world.texts(), ["text"]);
    let round = {
        world.submit(&plain("kept"));
        world.assemble().unwrap()
    };
    world.finish(Assembled::Round(round));
    world.power_cut(Survivors::None);
    assert_eq!(world.texts(), ["text", "kept"]);
}
