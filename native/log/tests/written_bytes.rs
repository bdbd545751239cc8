//! What a store says it wrote, compared with what the kernel says that the process did.
//!
//! Alone in its file: `/proc/self/io` is the whole process's.

#![cfg(target_os = "linux")]
#![expect(
    clippy::unwrap_used,
    reason = "what these helpers do must work for the test to mean anything"
)]

use std::fs;
use std::io::Write;
use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex};

use foq_log::env::real::{CompletionSink, RunningStore, env};
use foq_log::{Append, Completion, Counters, Operation, Options, Packed};

const RECORD_BYTES: usize = 6 << 10;
const RECORDS: usize = 2000;
const FILE_BYTES: u32 = 1 << 20;
/// What is not counted: both manifests of each seal, merge and expiry, a page while there are few
/// tables; and what the process writes besides.
const BYTES_OF_A_CHANGE: u64 = 2 * 4096;
const BYTES_BESIDE: u64 = 4096;

#[test]
fn the_bytes_that_a_store_counts_are_those_that_the_kernel_counts() {
    let dir = std::env::temp_dir().join(format!("foq-written-{}", std::process::id()));
    fs::create_dir(&dir).unwrap();
    let _gone = Removed(dir.clone());
    let Some(begun) = written_by_kernel() else {
        let _ = writeln!(std::io::stdout(), "ignored: the kernel counts nothing here");
        return;
    };
    let options = Options {
        journal_file_bytes: FILE_BYTES,
        journal_window_bytes: u64::from(2 * FILE_BYTES),
        ..Options::default()
    };
    let store = RunningStore::open(&env(&dir.join("store")).unwrap(), &options).unwrap();
    append_all(&store);
    store.look_again();
    let (done, counted) = (store.counters(), written_by_kernel().unwrap() - begun);
    // The first file is made with the store, by nobody who counts; so are its manifests.
    let made = u64::from(FILE_BYTES) + 2 * BYTES_OF_A_CHANGE;
    let changes = done.seals + done.merges + done.expired_tables;
    assert!(done.seals > 0 && done.merges > 0 && done.spare_bytes > 0, "{done:?}");
    let least = bytes_of(&done) + u64::from(FILE_BYTES);
    let most = bytes_of(&done) + made + changes * BYTES_OF_A_CHANGE + BYTES_BESIDE;
    assert!((least..=most).contains(&counted), "{least} <= {counted} <= {most}: {done:?}");
    store.close().unwrap();
}

fn bytes_of(counters: &Counters) -> u64 {
    let Counters { journal_bytes, spare_bytes, merged_bytes, .. } = counters;
    let sealed = counters.segment_bytes + counters.state_bytes + counters.inbox_bytes;
    journal_bytes + spare_bytes + sealed + merged_bytes
}

/// Bytes that were handed over by calls. (`write_bytes`, beside it, counts what lies around them too:
/// whole pages, and as much of the page cache as was once written together.)
fn written_by_kernel() -> Option<u64> {
    let io = fs::read_to_string("/proc/self/io").ok()?;
    io.lines().find_map(|line| line.strip_prefix("wchar: ")?.parse().ok())
}

/// One round for each.
fn append_all(store: &RunningStore) {
    let heard = Arc::new(Heard::default());
    let caller = store.caller(heard.clone());
    let payload = vec![7; RECORD_BYTES];
    for nth in 0..RECORDS {
        let mut packed = Packed::default();
        let chat_id = format!("chat-{}", nth % 7);
        let append = Operation::Append(Append::new(&chat_id, &payload));
        store.packer().pack(&mut packed, &append).unwrap();
        caller.submit(packed).unwrap();
        let mut count = heard.count.lock().unwrap();
        while *count <= nth {
            count = heard.came.wait(count).unwrap();
        }
    }
}

#[derive(Default)]
struct Heard {
    count: Mutex<usize>,
    came: Condvar,
}

impl CompletionSink for Heard {
    fn complete(&self, completions: &mut Vec<Completion>) {
        *self.count.lock().unwrap() += completions.len();
        completions.clear();
        self.came.notify_all();
    }
}

struct Removed(PathBuf);

impl Drop for Removed {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}
