//! Power cuts and failures while a table is written.

use super::*;
use crate::env::sim::{CallKind, Fault, FaultRule, Survivors};

/// More than two chunks, of many blocks.
fn rows() -> Rows {
    some_rows(&mut Dice::new(8), TableKind::Segment, 400, 40_000)
}

#[test]
fn a_power_cut_at_any_call_leaves_no_table_that_is_not_whole() {
    let rows = rows();
    let table = new_table(TableKind::Segment, 1);
    let calls = {
        let disk = a_disk();
        let before = disk.calls();
        try_write(&disk, table, &rows).unwrap();
        disk.calls() - before
    };
    assert!(calls >= 6, "open, writes, sync, rename, directory sync");
    let mut whole = 0;
    for nth in 1..=calls + 1 {
        let disk = a_disk();
        disk.add_fault(FaultRule::nth_call(nth, Fault::Crash));
        let durable = try_write(&disk, table, &rows).is_ok();
        assert_eq!(durable, nth == calls + 1, "call {nth}");
        for seed in 0..30 {
            let survivors = match seed {
                0 => Survivors::None,
                1 => Survivors::All,
                seed => Survivors::Random(seed),
            };
            let image = disk.crash_image(survivors);
            let names = image.list("segments").unwrap();
            let named = names.iter().any(|name| TableKind::Segment.id_in(name) == Some(1));
            assert!(named || !durable, "call {nth}, {survivors:?}");
            if named {
                use_all(&image, TableKind::Segment, 1, &rows).unwrap();
                whole += 1;
            }
        }
    }
    assert!(whole > 30, "renames that survived a cut were seen");
}

#[test]
fn a_failure_of_any_call_is_reported_and_leaves_no_file() {
    let rows = rows();
    let table = new_table(TableKind::Segment, 1);
    let kinds = [CallKind::Open, CallKind::Write, CallKind::Sync, CallKind::Rename];
    for (kind, fault, code) in kinds.iter().flat_map(|kind| {
        [(*kind, Fault::Io, "FOQ_UNAVAILABLE"), (*kind, Fault::NoSpace, "FOQ_DISK_FULL")]
    }) {
        for nth in 1..=2 {
            let disk = a_disk();
            disk.add_fault(FaultRule::nth(kind, nth, fault));
            match try_write(&disk, table, &rows) {
                Ok(_) => assert_eq!((nth, disk.faults_met()), (2, 0), "{kind:?} was called"),
                Err(error) => {
                    assert_eq!(error.code(), code, "{kind:?}");
                    assert!(disk.list("segments").unwrap().is_empty(), "{kind:?} {fault:?}");
                }
            }
        }
    }
}

#[test]
fn short_writes_go_on_with_the_rest() {
    let rows = rows();
    let disk = a_disk();
    disk.add_fault(FaultRule { count: 9, ..FaultRule::nth(CallKind::Write, 1, Fault::Short) });
    write(&disk, TableKind::Segment, 1, &rows);
    assert_eq!(disk.faults_met(), 9);
    use_all(&disk, TableKind::Segment, 1, &rows).unwrap();
}
