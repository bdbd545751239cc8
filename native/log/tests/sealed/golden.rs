//! The format, held to its word: stores as earlier versions wrote them open and hold what they
//! held, and the code of today writes, from one seed, the bytes that lie here.
//!
//! `golden/v<version>` are the files of a store, `golden/content` is what each of them holds. With
//! `FOQ_GOLDEN=write` the newest is written anew, which is right only before a version is released.

use foq_log::env::sim::SimDisk;
use foq_log::{FORMAT_VERSION, Log, Options, dump, verify};

use crate::{Files, content, expected, files_of, folder, golden, made, options, seal, world};

fn write_anew(disk: &SimDisk) {
    let root = folder(FORMAT_VERSION);
    let _ = std::fs::remove_dir_all(&root);
    for (name, bytes) in disk.files() {
        let path = root.join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, bytes).unwrap();
    }
}

#[test]
fn the_same_operations_make_the_same_bytes() {
    let disk = made();
    if std::env::var("FOQ_GOLDEN").is_ok_and(|value| value == "write") {
        write_anew(&disk);
    }
    let (made, golden) = (files_of(&disk), files_of(&golden(FORMAT_VERSION)));
    let names = |files: &Files| files.keys().cloned().collect::<Vec<_>>();
    assert_eq!(names(&made), names(&golden));
    for (name, bytes) in &made {
        assert!(golden.get(name) == Some(bytes), "{name} is not what version {FORMAT_VERSION} is");
    }
}

#[test]
fn stores_of_every_version_open_and_hold_what_they_held() {
    for version in 0..=FORMAT_VERSION {
        let disk = golden(version);
        let report = verify(&world(&disk, 9)).unwrap();
        assert!(report.errors.is_empty(), "version {version}: {report}");
        let mut lines = Vec::new();
        dump(&world(&disk, 9), &mut |line| lines.push(line)).unwrap();
        assert!(!lines.iter().any(|line| line.contains("error")), "version {version}: {lines:?}");
        let read_only = Options { read_only: true, ..options() };
        let log = Log::open(&world(&disk, 9), &read_only).unwrap();
        assert_eq!(content(&log.reader()), expected(), "version {version}, read-only");
        drop(log);
        assert_eq!(files_of(&disk), files_of(&golden(version)), "looking changes nothing");
        let log = Log::open(&world(&disk, 9), &options()).unwrap();
        assert_eq!(content(&log.reader()), expected(), "version {version}");
    }
}

#[test]
fn an_older_store_becomes_one_of_this_version_when_it_is_opened_and_seals() {
    for version in 0..FORMAT_VERSION {
        let disk = golden(version);
        let mut log = Log::open(&world(&disk, 9), &options()).unwrap();
        for path in ["MANIFEST-A", "MANIFEST-B"] {
            let bytes = disk.contents(path).unwrap();
            assert_eq!(bytes.get(8..12).unwrap(), FORMAT_VERSION.to_le_bytes(), "{path}");
        }
        seal(&mut log);
        assert_eq!(content(&log.reader()), expected(), "version {version}, sealed");
        log.close().unwrap();
        let log = Log::open(&world(&disk, 9), &options()).unwrap();
        assert_eq!(content(&log.reader()), expected(), "version {version}, opened again");
    }
}

#[test]
fn a_dump_says_what_rows_hold() {
    let mut lines = Vec::new();
    dump(&world(&golden(FORMAT_VERSION), 9), &mut |line| lines.push(line)).unwrap();
    let has =
        |parts: &[&str]| lines.iter().any(|line| parts.iter().all(|part| line.contains(part)));
    let bob = r#"{"consumerId":"bob","seat":0,"joinSeq":1,"received":1,"#;
    for parts in [
        &[r#""line":"listed table""#, r#""file":"segments/0000000000000002.seg""#][..],
        &[r#""line":"row""#, r#""chatId":"behind""#, r#""head":3,"floor":2"#, bob],
        &[r#""line":"row""#, r#""chatId":"quiet""#, r#""keep":2"#, r#""deleted":[[2,2]]"#],
        &[r#""line":"row""#, r#""chatId":"pinned""#, r#""pinnedSeq":1"#],
        &[r#""line":"row""#, r#""chatId":"behind","seq":3"#, r#""payloadBytes":300"#],
        &[r#""line":"row""#, r#""class":"behind""#, r#""holds":true"#],
        &[r#""line":"row""#, r#""class":"member""#, r#""holds":true,"chatId":"behind""#],
    ] {
        assert!(has(parts), "{parts:?} in {lines:#?}");
    }
}
