//! What `dump` and `verify` say of a store that holds one effect of each kind.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::PathBuf;

use foq_log::env::real::env;
use foq_log::{
    Append, ChatOptions, JoinAt, Keep, Log, Operation, Options, Retention, Sender, Tail, dump,
    verify,
};

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("foq-{name}-{}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn operations() -> Vec<Operation<'static>> {
    let (chat_id, consumer_id) = ("a \"chat\"", "ann/phone");
    let keyed = Append {
        sender: Sender::As(consumer_id),
        dedup_key: Some(b"key"),
        guard: Some((0, 7)),
        pin: true,
        kind: 9,
        ..Append::new(chat_id, b"hello")
    };
    let ack = |durable| Operation::Ack {
        chat_id,
        consumer_id,
        received: Some(2),
        delivered: Some(1),
        read: None,
        marks_seen: None,
        durable,
    };
    vec![
        Operation::Join { chat_id, consumer_id, at: JoinAt::First },
        Operation::Append(Append::new(chat_id, b"first")),
        Operation::Append(keyed),
        ack(true),
        Operation::DeleteRecords { chat_id, ranges: &[(2, 2)] },
        Operation::Trim { chat_id, up_to_seq: 1 },
        Operation::Configure {
            chat_id,
            options: ChatOptions { keep: Some(Keep::Window), ..ChatOptions::default() },
        },
        Operation::Leave { chat_id, consumer_id, join_seq: None },
        Operation::Join { chat_id, consumer_id, at: JoinAt::First },
        Operation::Forget { chat_id, consumer_id },
        Operation::DeleteChat { chat_id },
    ]
}

/// Makes the store, each operation in a round of its own.
fn a_store(folder: &Folder) -> foq_log::env::Env {
    let env = env(&folder.0.join("store")).unwrap();
    let options = Options {
        journal_file_bytes: 16 << 10,
        retention: Retention { keep: Keep::Forever, ..Options::default().retention },
        ..Options::default()
    };
    let mut log = Log::open(&env, &options).unwrap();
    log.prepare_spare().unwrap();
    for operation in operations() {
        log.submit(0, &operation).unwrap();
        log.finish().unwrap();
    }
    env
}

/// The values of these fields of a line, in the order of the line.
fn fields(line: &str, without: &[&str]) -> String {
    let kept = line.trim_matches(['{', '}']).split(",\"").filter(|field| {
        !without.iter().any(|name| field.trim_start_matches('"').starts_with(name))
    });
    kept.collect::<Vec<_>>().join(",\"")
}

#[test]
fn each_kind_of_effect_is_one_line() {
    let folder = Folder::new("dump-effects");
    let world = a_store(&folder);
    let mut lines = Vec::new();
    dump(&world, &mut |line| lines.push(line)).unwrap();
    let effects: Vec<String> = lines
        .iter()
        .filter(|line| line.contains("\"chatId\":"))
        .map(|line| fields(line, &["at\"", "dedup"]))
        .collect();
    let chat = r#""chatId":"a \"chat\"""#;
    let expected = [
        format!(r#""line":"join","position":1,{chat},"consumerId":"ann/phone","seat":0,"#)
            + r#""joinSeq":1,"received":0,"roster":1"#,
        format!(r#""line":"record","position":2,{chat},"seq":1,"senderId":"","payloadBytes":5,"#)
            + r#""kind":0,"pin":false"#,
        format!(
            r#""line":"record","position":3,{chat},"seq":2,"senderId":"ann/phone","payloadBytes":5,"#
        ) + r#""kind":9,"pin":true,"guardAfter":7,"seat":0,"raisesReceived":false"#,
        format!(r#""line":"acks","position":4,{chat},"marksVersion":1,"received":[[0,2]],"#)
            + r#""delivered":[[0,1]],"read":[],"marksSeen":[[0,1]]"#,
        format!(r#""line":"deleteRecords","position":5,{chat},"ranges":[[2,2]]"#),
        format!(r#""line":"trim","position":6,{chat},"floor":2"#),
        format!(r#""line":"configure","position":7,{chat},"keep":2"#),
        format!(r#""line":"leave","position":8,{chat},"seat":0,"leaveSeq":2,"roster":2"#),
        format!(r#""line":"join","position":9,{chat},"consumerId":"ann/phone","seat":0,"#)
            + r#""joinSeq":2,"received":1,"roster":3"#,
        format!(r#""line":"forget","position":10,{chat},"seat":0,"roster":4"#),
        format!(r#""line":"deleteChat","position":11,{chat},"floor":3,"roster":4"#),
    ];
    for (line, expected) in effects.iter().zip(&expected) {
        assert_eq!(line, expected);
    }
    assert_eq!(effects.len(), expected.len());
}

#[test]
fn files_manifests_and_what_is_empty_are_lines_too() {
    let folder = Folder::new("dump-files");
    let world = a_store(&folder);
    let mut lines = Vec::new();
    dump(&world, &mut |line| lines.push(line)).unwrap();
    let count = |what: &str| {
        let start = format!("{{\"line\":\"{what}\"");
        lines.iter().filter(|line| line.starts_with(&start)).count()
    };
    assert_eq!((count("manifest"), count("journal file"), count("no batch")), (2, 2, 0));
    // Eleven rounds and the mark behind each; then zeros, and a spare of nothing else.
    assert_eq!((count("batch"), count("zeros")), (22, 2));
    assert!(lines.iter().all(|line| line.starts_with('{') && line.ends_with('}')));
}

#[test]
fn verify_counts_what_dump_shows() {
    let folder = Folder::new("verify-counts");
    let world = a_store(&folder);
    let report = verify(&world).unwrap();
    assert_eq!((report.files, report.rounds, report.batches), (2, 22, 22));
    assert_eq!((report.effects, report.records), (11, 2));
    assert_eq!((report.last_round, report.mark), (22, 21));
    assert_eq!((report.tail, report.errors.len(), report.repairs.len()), (Tail::Clean, 0, 0));
    assert!(report.to_string().ends_with("last round 22, mark 21, tail clean"), "{report}");
}

#[test]
fn both_are_kept_out_by_a_writer_and_find_no_store_where_none_is() {
    let folder = Folder::new("dump-locked");
    let world = a_store(&folder);
    let log = Log::open(&world, &Options::default()).unwrap();
    assert_eq!(verify(&world).unwrap_err().code(), "FOQ_LOCKED");
    assert_eq!(dump(&world, &mut |_| {}).unwrap_err().code(), "FOQ_LOCKED");
    drop(log);
    let nowhere = env(&folder.0.join("nowhere")).unwrap();
    assert_eq!(verify(&nowhere).unwrap_err().code(), "FOQ_UNAVAILABLE");
    assert_eq!(dump(&nowhere, &mut |_| {}).unwrap_err().code(), "FOQ_UNAVAILABLE");
}
