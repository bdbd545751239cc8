//! The simulated disk keeps its bad promises.

#![expect(clippy::unwrap_used, reason = "helpers of tests may panic")]

use std::collections::BTreeSet;
use std::io::ErrorKind;
use std::sync::Arc;

use foq_log::env::sim::{CallKind, Dice, Fault, FaultRule, SimDisk, Survivors};
use foq_log::env::{Disk, DiskFile, LockError, OpenMode, Space};

fn a_disk() -> SimDisk {
    let disk = SimDisk::new();
    disk.create_root().unwrap();
    disk
}

/// A durable file of `sectors` sectors of ones.
fn a_file(disk: &SimDisk, path: &str, sectors: usize) -> Arc<dyn DiskFile> {
    let file = disk.open(path, OpenMode::Create).unwrap();
    assert_eq!(file.write_at(0, &vec![1; sectors * 512]).unwrap(), sectors * 512);
    file.sync().unwrap();
    disk.sync_dir("").unwrap();
    file
}

fn read_all(file: &dyn DiskFile) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(file.size().unwrap()).unwrap()];
    assert_eq!(file.read_at(0, &mut bytes).unwrap(), bytes.len());
    bytes
}

#[test]
fn an_unsynced_write_of_three_sectors_survives_in_eight_ways() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 3);
    file.write_at(0, &[2; 3 * 512]).unwrap();
    let cut = disk.cut();
    assert_eq!(cut.unsynced(), ["a wrote 0+512", "a wrote 512+512", "a wrote 1024+512"]);
    let images: BTreeSet<Vec<u8>> =
        (0..8).map(|mask| cut.power_cut(Survivors::Mask(mask)).contents("a").unwrap()).collect();
    assert_eq!(images.len(), 8);
    for image in images {
        assert!(image.chunks(512).all(|sector| sector == [1; 512] || sector == [2; 512]));
    }
}

#[test]
fn a_sector_written_twice_may_survive_as_either_version() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 1);
    file.write_at(0, &[2; 512]).unwrap();
    file.write_at(0, &[3; 512]).unwrap();
    let first_bytes: Vec<u8> = (0..4)
        .map(|mask| disk.crash_image(Survivors::Mask(mask)).contents("a").unwrap()[0])
        .collect();
    assert_eq!(first_bytes, [1, 2, 3, 3]);
}

#[test]
fn a_synced_write_survives_every_power_cut() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 2);
    file.write_at(100, &[9; 700]).unwrap();
    file.sync().unwrap();
    let image = disk.crash_image(Survivors::None);
    assert_eq!(image.contents("a").unwrap(), read_all(&*file));
    assert_eq!(disk.cut().unsynced_count(), 0);
}

#[test]
fn a_new_name_survives_for_certain_only_once_its_folder_was_synced() {
    let disk = a_disk();
    disk.create_dir("journal").unwrap();
    disk.open("journal/1", OpenMode::Create).unwrap().sync().unwrap();
    assert_eq!(disk.crash_image(Survivors::All).list("journal").unwrap(), ["1"]);
    assert_eq!(
        disk.crash_image(Survivors::Mask(0b10)).list("journal").unwrap_err().kind(),
        ErrorKind::NotFound,
        "a file in a lost folder is lost"
    );
    disk.sync_dir("").unwrap();
    assert!(disk.crash_image(Survivors::None).list("journal").unwrap().is_empty());
    disk.sync_dir("journal").unwrap();
    assert_eq!(disk.crash_image(Survivors::None).list("journal").unwrap(), ["1"]);
}

#[test]
fn an_unsynced_rename_leaves_the_old_or_the_new_name() {
    let disk = a_disk();
    a_file(&disk, "a", 1);
    disk.rename("a", "b").unwrap();
    assert_eq!(disk.crash_image(Survivors::None).list("").unwrap(), ["a"]);
    assert_eq!(disk.crash_image(Survivors::All).list("").unwrap(), ["b"]);
    disk.sync_dir("").unwrap();
    assert_eq!(disk.crash_image(Survivors::None).list("").unwrap(), ["b"]);
}

#[test]
fn an_unsynced_removal_may_leave_the_file_with_its_bytes() {
    let disk = a_disk();
    a_file(&disk, "a", 1);
    disk.remove("a").unwrap();
    assert_eq!(disk.open("a", OpenMode::Read).err().unwrap().kind(), ErrorKind::NotFound);
    assert_eq!(disk.crash_image(Survivors::None).contents("a").unwrap(), [1; 512]);
    assert_eq!(disk.crash_image(Survivors::All).contents("a"), None);
}

#[test]
fn a_file_may_have_grown_without_its_bytes() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 1);
    file.write_at(512, &[5; 512]).unwrap();
    assert_eq!(disk.cut().unsynced(), ["a grew to 1024", "a wrote 512+512"]);
    assert_eq!(disk.crash_image(Survivors::None).contents("a").unwrap().len(), 512);
    let grown = disk.crash_image(Survivors::Mask(1)).contents("a").unwrap();
    assert_eq!(grown[512..], [0; 512]);
    let written = disk.crash_image(Survivors::Mask(2)).contents("a").unwrap();
    assert_eq!(written[512..], [5; 512]);
}

#[test]
fn a_failed_sync_shows_phantom_bytes_until_the_cache_is_dropped() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 64);
    file.write_at(0, &[2; 64 * 512]).unwrap();
    disk.add_fault(FaultRule::nth(CallKind::Sync, 1, Fault::Io));
    assert!(file.sync().is_err());
    assert_eq!(disk.faults_met(), 1);
    file.sync().expect("a later sync claims success, having nothing to write");
    assert_eq!(read_all(&*file), [2; 64 * 512], "reads still show what was written");
    assert!(disk.kill_image().contents("a").unwrap() == [2; 64 * 512]);
    file.drop_cache().unwrap();
    let left = read_all(&*file);
    assert!(left.contains(&1) && left.contains(&2), "the device took a part");
    assert_eq!(disk.crash_image(Survivors::All).contents("a").unwrap(), left);
}

#[test]
fn a_kill_keeps_what_was_written_but_does_not_make_it_durable() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 1);
    file.write_at(0, &[2; 512]).unwrap();
    let killed = disk.kill_image();
    assert_eq!(killed.boot_id(), disk.boot_id());
    assert_eq!(killed.contents("a").unwrap(), [2; 512]);
    let cut = killed.crash_image(Survivors::None);
    assert_ne!(cut.boot_id(), disk.boot_id());
    assert_eq!(cut.contents("a").unwrap(), [1; 512]);
}

#[test]
fn an_image_and_its_disk_do_not_see_each_others_writes() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 16);
    let image = disk.crash_image(Survivors::None);
    image.open("a", OpenMode::Update).unwrap().write_at(0, &[7; 512]).unwrap();
    file.write_at(4096, &[8; 512]).unwrap();
    assert_eq!(disk.contents("a").unwrap()[0], 1);
    assert_eq!(image.contents("a").unwrap()[4096], 1);
}

#[test]
fn after_a_crash_every_call_fails_and_the_image_is_unlocked() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 1);
    let _lock = disk.lock(true).unwrap();
    assert!(matches!(disk.lock(true), Err(LockError::Held { pid: 1 })));
    disk.add_fault(FaultRule::nth_call(1, Fault::Crash));
    assert!(file.write_at(0, &[2; 512]).is_err());
    assert!(disk.crashed() && file.sync().is_err() && disk.list("").is_err());
    let image = disk.kill_image();
    assert_eq!(image.contents("a").unwrap(), [1; 512], "the call that crashed did nothing");
    assert!(image.lock(true).is_ok());
    assert!(image.lock(true).is_ok(), "dropping the lock frees it");
}

#[test]
fn the_nth_call_of_a_kind_is_short_or_finds_no_space() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 1);
    disk.add_fault(FaultRule::nth(CallKind::Write, 2, Fault::Short));
    disk.add_fault(FaultRule::nth(CallKind::Write, 3, Fault::NoSpace));
    assert_eq!(file.write_at(0, &[2; 100]).unwrap(), 100);
    assert_eq!(file.write_at(0, &[3; 100]).unwrap(), 50);
    assert_eq!(file.write_at(0, &[4; 100]).unwrap_err().kind(), ErrorKind::StorageFull);
    assert_eq!(file.write_at(0, &[5; 100]).unwrap(), 100);
}

#[test]
fn lost_and_misdirected_writes_show_after_the_cache_is_dropped() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 4);
    disk.add_fault(FaultRule::nth(CallKind::Write, 1, Fault::LostWrite));
    disk.add_fault(FaultRule::nth(CallKind::Write, 2, Fault::Misdirected(1536)));
    file.write_at(0, &[2; 512]).unwrap();
    file.write_at(512, &[3; 512]).unwrap();
    file.sync().unwrap();
    assert_eq!(read_all(&*file)[..1024], [[2; 512], [3; 512]].concat());
    file.drop_cache().unwrap();
    assert_eq!(read_all(&*file), [[1; 512], [1; 512], [1; 512], [3; 512]].concat());
}

#[test]
fn files_that_grow_take_space_until_there_is_none() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 1);
    disk.set_space(Space { free_bytes: 600, total_bytes: 2000 });
    file.write_at(512, &[1; 512]).unwrap();
    assert_eq!(disk.space().unwrap().free_bytes, 88);
    assert_eq!(file.write_at(1024, &[1; 512]).unwrap_err().kind(), ErrorKind::StorageFull);
    disk.remove("a").unwrap();
    assert_eq!(disk.space().unwrap().free_bytes, 88 + 1024);
}

/// A thousand calls of every kind, with faults; returns the trace.
fn a_random_life(seed: u64) -> Vec<String> {
    let disk = a_disk();
    disk.trace(10_000);
    let mut dice = Dice::new(seed);
    for fault in [Fault::Io, Fault::Short, Fault::NoSpace] {
        disk.add_fault(FaultRule { count: 3, ..FaultRule::nth_call(dice.below(900) + 1, fault) });
    }
    for _ in 0..1000 {
        let path = format!("file-{}", dice.below(4));
        let Ok(file) = disk.open(&path, OpenMode::Create) else { continue };
        let data = vec![u8::try_from(dice.below(256)).unwrap(); 700];
        let _ = file.write_at(dice.below(9000), &data);
        let _ = (dice.one_in(3)).then(|| file.sync());
        let _ = (dice.one_in(9)).then(|| disk.rename(&path, "file-0"));
        let _ = (dice.one_in(9)).then(|| file.drop_cache());
        let _ = file.read_at(dice.below(9000), &mut [0; 100]);
    }
    disk.take_trace().iter().map(ToString::to_string).collect()
}

#[test]
fn one_seed_gives_one_trace_byte_for_byte() {
    assert_eq!(a_random_life(5), a_random_life(5));
    assert_ne!(a_random_life(5), a_random_life(6));
    assert!(a_random_life(5).len() > 2000);
}

#[test]
fn watched_moments_are_those_where_something_changed() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 2);
    disk.watch(1, 0, 100);
    file.write_at(0, &[2; 512]).unwrap();
    read_all(&*file);
    file.sync().unwrap();
    read_all(&*file);
    let cuts = disk.take_cuts();
    assert_eq!(cuts.len(), 2, "after the write and after the sync");
    assert_eq!(cuts[0].unsynced_count(), 1);
    assert_eq!(cuts[1].unsynced_count(), 0);
}

#[test]
fn zeros_over_zeros_are_no_change_that_could_be_lost() {
    let disk = a_disk();
    let file = a_file(&disk, "a", 8);
    file.write_at(512, &[0; 1024]).unwrap();
    file.sync().unwrap();
    file.write_at(0, &[0; 2048]).unwrap();
    assert_eq!(disk.cut().unsynced(), ["a wrote 0+512", "a wrote 1536+512"]);
}

#[test]
fn of_two_unsynced_renames_of_one_file_the_second_never_survives_alone() {
    let disk = a_disk();
    a_file(&disk, "a", 1);
    disk.rename("a", "b").unwrap();
    disk.rename("b", "c").unwrap();
    let names: Vec<_> =
        (0..4).map(|mask| disk.crash_image(Survivors::Mask(mask)).list("").unwrap()).collect();
    assert_eq!(names, [["a"], ["b"], ["c"], ["c"]]);
}

#[test]
fn a_second_name_is_certain_once_its_own_folder_was_synced_and_keeps_the_file() {
    let disk = a_disk();
    disk.set_space(Space { free_bytes: 4096, total_bytes: 8192 });
    let file = a_file(&disk, "a", 2);
    let other = disk.directory("other");
    other.create_root().unwrap();
    disk.link("a", &other.path_of("b")).unwrap();
    disk.sync_dir("").unwrap();
    assert_eq!(disk.crash_image(Survivors::None).contents("other/b"), None);
    other.sync_dir("").unwrap();
    disk.remove("a").unwrap();
    disk.sync_dir("").unwrap();
    assert_eq!(other.list("").unwrap(), ["b"]);
    assert_eq!(disk.space().unwrap().free_bytes, 4096 - 1024, "one name is left");
    assert_eq!(disk.crash_image(Survivors::None).contents("other/b").unwrap(), read_all(&*file));
    other.remove("b").unwrap();
    assert_eq!(disk.space().unwrap().free_bytes, 4096);
}

#[test]
fn a_name_that_is_taken_and_another_world_get_no_link() {
    let (disk, elsewhere) = (a_disk(), a_disk());
    a_file(&disk, "a", 1);
    a_file(&disk, "b", 1);
    let refusal = |to: &SimDisk| disk.link("a", &to.path_of("b")).unwrap_err().kind();
    assert_eq!(refusal(&disk), ErrorKind::AlreadyExists);
    assert_eq!(refusal(&elsewhere), ErrorKind::CrossesDevices);
    let missing = disk.link("no", &disk.path_of("c")).unwrap_err();
    assert_eq!(missing.kind(), ErrorKind::NotFound);
    assert_eq!(disk.crash_image(Survivors::None).contents("a"), disk.contents("a"));
}
