//! What `verify` says of a sealed store, and what is served of one that is damaged.

use foq_log::env::Disk;
use foq_log::env::sim::SimDisk;
use foq_log::{Log, Options, ReadFrom, Report, verify};

use crate::{Files, files_of, golden, options, world};

/// The newest golden store.
pub(crate) fn a_store() -> SimDisk {
    golden(foq_log::FORMAT_VERSION)
}

/// Its files in a folder.
pub(crate) fn files_under(disk: &SimDisk, folder: &str) -> Vec<String> {
    let files: Files = files_of(disk);
    files.into_keys().filter(|path| path.starts_with(folder)).collect()
}

/// Inverts one byte of a file.
pub(crate) fn flip(disk: &SimDisk, path: &str, at: usize) {
    let byte = !disk.contents(path).unwrap().get(at).copied().unwrap();
    disk.damage(path, at as u64, &[byte]);
}

pub(crate) fn verified(disk: &SimDisk) -> Report {
    verify(&world(disk, 3)).unwrap()
}

#[test]
fn verify_counts_what_lies_in_tables() {
    let report = verified(&a_store());
    assert!(report.errors.is_empty() && report.repairs.is_empty(), "{report}");
    let counts = (report.tables, report.sealed_records, report.state_rows, report.inbox_rows);
    assert_eq!(counts, (6, 8, 5, 5), "{report}");
    assert_eq!((report.chats, report.records), (5, 2), "{report}");
}

#[test]
fn verify_finds_a_flipped_byte_anywhere_in_any_table_and_a_missing_one() {
    let tables = ["segments/", "states/", "inbox/"].map(|folder| files_under(&a_store(), folder));
    for path in tables.concat() {
        let bytes = a_store().contents(&path).unwrap().len();
        for at in (0..bytes).step_by(37) {
            let disk = a_store();
            flip(&disk, &path, at);
            let report = verified(&disk);
            let found = report.errors.iter().any(|error| error.to_string().contains(&path));
            assert!(found, "{path} byte {at}: {report}");
        }
        let disk = a_store();
        disk.remove(&path).unwrap();
        assert!(verified(&disk).to_string().contains("is missing"), "{path}");
    }
}

#[test]
fn verify_tells_what_the_next_opening_does_with_files_that_are_no_tables() {
    let disk = a_store();
    let [one, ..] =
        files_under(&disk, "inbox/").try_into().map(|[one]: [String; 1]| [one]).unwrap();
    let bytes = disk.contents(&one).unwrap();
    for name in ["inbox/0000000000000000.inb", "inbox/0000000000000fff.inb", "inbox/1.inb.tmp"] {
        disk.put_file(name, &bytes);
    }
    let report = verified(&disk);
    assert!(report.errors.is_empty(), "{report}");
    assert_eq!(report.repairs.len(), 3, "{report}");
    Log::open(&world(&disk, 3), &options()).unwrap().close().unwrap();
    assert!(disk.contents("quarantine/0000000000000000.inb").is_some());
    assert_eq!(files_under(&disk, "inbox/"), [one]);
    assert!(verified(&disk).repairs.is_empty());
}

#[test]
fn the_folder_of_a_broker_is_told_from_a_store() {
    let disk = SimDisk::new();
    disk.create_root().unwrap();
    disk.create_dir("queue").unwrap();
    disk.put_file("queue/MANIFEST-A", &[]);
    let error = verify(&world(&disk, 3)).unwrap_err();
    assert_eq!(error.code(), "FOQ_UNAVAILABLE");
    assert!(error.to_string().contains("the data directory of a broker"), "{error}");
    let error = foq_log::dump(&world(&disk, 3), &mut |_| {}).unwrap_err();
    assert!(error.to_string().contains("folder queue"), "{error}");
}

#[test]
fn a_store_opened_read_only_serves_what_verifies_and_changes_nothing() {
    let tables = ["segments/", "states/", "inbox/"].map(|folder| files_under(&a_store(), folder));
    let read_only = Options { read_only: true, ..options() };
    let mut failures = 0;
    for path in tables.concat() {
        let disk = a_store();
        flip(&disk, &path, 5);
        let before = files_of(&disk);
        let log = Log::open(&world(&disk, 3), &read_only).unwrap();
        let sound = Log::open(&world(&a_store(), 3), &read_only).unwrap();
        for chat in crate::CHATS {
            let read = |log: &Log| log.reader().read(chat, ReadFrom::Seq(1), 100, usize::MAX);
            match read(&log) {
                Ok(given) => assert_eq!(Ok(given), read(&sound).map_err(|error| error.to_string())),
                Err(error) => {
                    failures += 1;
                    assert!(error.to_string().contains(&path), "{error}");
                }
            }
        }
        drop(log);
        assert_eq!(files_of(&disk), before);
    }
    assert!(failures > 5, "damage was met");
}
