//! Stores that were sealed, on a simulated disk: what lies in their files, and what becomes of them
//! when some of it is damaged.
#![expect(clippy::unwrap_used, reason = "tests")]

mod damage;
mod golden;
mod repair;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use foq_log::env::sim::{SimClock, SimDisk, SimRandom};
use foq_log::env::{Disk, Env};
use foq_log::{
    Append, Assembled, ChatOptions, JoinAt, Keep, Log, Operation, Options, ReadFrom, Reader,
    Record, SealStep, Sender,
};

pub(crate) type Files = BTreeMap<String, Vec<u8>>;

pub(crate) fn folder(version: u32) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{version}"))
}

pub(crate) fn world(disk: &SimDisk, seed: u64) -> Env {
    Env {
        disk: Arc::new(disk.clone()),
        clock: Arc::new(SimClock::new(1_767_225_600_000)),
        random: Arc::new(SimRandom::new(seed)),
    }
}

pub(crate) fn options() -> Options {
    Options {
        journal_file_bytes: 8 << 10,
        payload_bytes_max: 1024,
        spares: 1,
        ..Options::default()
    }
}

pub(crate) const CHATS: [&str; 5] = ["all kinds", "behind", "deleted", "pinned", "quiet"];

pub(crate) fn append<'a>(chat_id: &'a str, payload: &'a [u8]) -> Operation<'a> {
    Operation::Append(Append::new(chat_id, payload))
}

pub(crate) fn join<'a>(chat_id: &'a str, consumer_id: &'a str) -> Operation<'a> {
    Operation::Join { chat_id, consumer_id, at: JoinAt::First }
}

pub(crate) fn ack<'a>(chat_id: &'a str, consumer_id: &'a str, seq: u64) -> Operation<'a> {
    Operation::Ack {
        chat_id,
        consumer_id,
        received: Some(seq),
        delivered: Some(seq),
        read: Some(seq.saturating_sub(1)),
        marks_seen: Some(1),
        durable: true,
    }
}

/// Every kind of effect, extension and flag.
pub(crate) fn first_part() -> Vec<Operation<'static>> {
    let keyed = Append {
        sender: Sender::As("ann/phone"),
        dedup_key: Some(b"key"),
        guard: Some((0, 7)),
        kind: 9,
        ..Append::new("all kinds", b"two")
    };
    let pinned = Append { pin: true, ..Append::new("pinned", b"look here") };
    let keep = ChatOptions {
        keep: Some(Keep::Window),
        max_age_ms: Some(86_400_000),
        keep_at_least_ms: Some(60_000),
        max_bytes: Some(4096),
    };
    vec![
        join("all kinds", "ann/phone"),
        join("all kinds", "bob"),
        append("all kinds", b"one"),
        Operation::Append(keyed),
        ack("all kinds", "ann/phone", 2),
        join("behind", "bob"),
        append("behind", &[b'x'; 300]),
        append("behind", &[b'y'; 300]),
        append("behind", &[b'z'; 300]),
        ack("behind", "bob", 1),
        append("deleted", b"gone"),
        Operation::DeleteChat { chat_id: "deleted" },
        Operation::Append(pinned),
        append("pinned", b"later"),
        Operation::Trim { chat_id: "pinned", up_to_seq: 2 },
        Operation::Configure { chat_id: "quiet", options: keep },
        append("quiet", b"a"),
        append("quiet", b"b"),
        append("quiet", b"c"),
        Operation::DeleteRecords { chat_id: "quiet", ranges: &[(2, 2)] },
    ]
}

pub(crate) fn second_part() -> Vec<Operation<'static>> {
    vec![
        append("all kinds", b"three"),
        Operation::Leave { chat_id: "all kinds", consumer_id: "bob", join_seq: None },
        join("pinned", "cid"),
        append("pinned", b"newest"),
        Operation::Forget { chat_id: "pinned", consumer_id: "cid" },
    ]
}

pub(crate) fn commit(log: &mut Log, operations: &[Operation<'_>]) {
    for operation in operations {
        log.submit(0, operation).unwrap();
        loop {
            while log.wants_spare() {
                log.prepare_spare().unwrap();
            }
            match log.assemble().unwrap() {
                Assembled::Round(round) => log.commit(round).unwrap(),
                Assembled::NeedsSpare => log.prepare_spare().unwrap(),
                Assembled::Nothing if log.waits_for_lookups() => {
                    let lookups = log.take_lookups();
                    lookups.into_iter().for_each(|lookup| log.install(lookup.run()));
                }
                Assembled::Nothing => break,
            }
        }
    }
}

pub(crate) fn seal(log: &mut Log) {
    while let Some(mut job) = log.seal_oldest() {
        let sealed = loop {
            match job.step().unwrap() {
                SealStep::More(more) => job = more,
                SealStep::Done(sealed) => break sealed,
            }
        };
        log.finish_seal(sealed);
        while log.release_some() {}
        while log.wants_spare() {
            log.prepare_spare().unwrap();
        }
    }
}

/// The store of the newest version: the first part is sealed, the second is in the journal.
pub(crate) fn made() -> SimDisk {
    let disk = SimDisk::new();
    let mut log = Log::open(&world(&disk, 7), &options()).unwrap();
    commit(&mut log, &first_part());
    seal(&mut log);
    commit(&mut log, &second_part());
    log.close().unwrap();
    disk
}

/// All that readers see of the chats.
pub(crate) fn content(reader: &Reader) -> String {
    let mut lines = Vec::new();
    for chat in CHATS {
        lines.push(format!("{chat}: {:?}", reader.head(chat).unwrap()));
        lines.extend(reader.cursors(chat).unwrap().iter().map(|cursor| format!("  {cursor:?}")));
        let read = reader.read(chat, ReadFrom::Seq(1), 100, usize::MAX).unwrap();
        lines.extend(read.gap.iter().map(|gap| format!("  {gap:?}")));
        for record in &read.records {
            let text = record.payload.escape_ascii().to_string();
            lines
                .push(format!("  {text:?} {:?}", Record { payload: Vec::new(), ..record.clone() }));
        }
    }
    lines.join("\n") + "\n"
}

pub(crate) fn files_of(disk: &SimDisk) -> Files {
    disk.files().into_iter().collect()
}

pub(crate) fn files_in(folder: &Path, under: &str, files: &mut Files) {
    for found in std::fs::read_dir(folder).unwrap() {
        let path = found.unwrap().path();
        let name = format!("{under}{}", path.file_name().unwrap().to_str().unwrap());
        if path.is_dir() {
            files_in(&path, &format!("{name}/"), files);
        } else {
            files.insert(name, std::fs::read(path).unwrap());
        }
    }
}

pub(crate) fn golden(version: u32) -> SimDisk {
    let mut files = Files::new();
    files_in(&folder(version), "", &mut files);
    let disk = SimDisk::new();
    disk.create_root().unwrap();
    for (path, bytes) in &files {
        if let Some((folder, _)) = path.split_once('/') {
            disk.create_dir(folder).unwrap();
        }
        disk.put_file(path, bytes);
    }
    disk
}

/// What every golden store holds.
pub(crate) fn expected() -> String {
    std::fs::read_to_string(folder(0).with_file_name("content")).unwrap()
}
