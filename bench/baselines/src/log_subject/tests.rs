//! The store behind the door of a subject, on real files in a temporary folder.

use std::time::Duration;

use super::{LogOpener, name};
use crate::files::Scratch;
use crate::numbers::index;
use crate::subject::{Opener, Subject};

const FILE_BYTES: u64 = 1 << 20;
const CHATS: [u32; 9] = [0, 1, 2, 3, 4, 5, 6, 0, 6];

fn append_all(store: &mut dyn Subject, total: u64) -> Vec<u64> {
    let mut runs = Vec::new();
    let (mut submitted, mut acked) = (0, 0);
    while acked < total {
        let slice = &CHATS[..CHATS.len().min(index(total - submitted))];
        submitted += store.submit(&[9; 1_024], slice).unwrap() as u64;
        store.wait(Duration::from_millis(1));
        let known = runs.len();
        store.completions(&mut runs).unwrap();
        acked += runs[known..].iter().map(|run| run.count).sum::<u64>();
    }
    runs.iter().flat_map(|run| run.first_ticket..run.first_ticket + run.count).collect()
}

#[test]
fn each_of_5000_appends_is_acked_once_in_two_stores_that_share_their_files() {
    let parent = Scratch::create(&std::env::temp_dir()).unwrap();
    let opener = LogOpener::new(FILE_BYTES);
    for folder in ["first", "second"] {
        let folder = parent.path().join(folder);
        std::fs::create_dir(&folder).unwrap();
        let mut store = opener.open(&folder).unwrap();
        store.prepare(6 * FILE_BYTES).unwrap();
        let mut tickets = append_all(store.as_mut(), 5_000);
        tickets.sort_unstable();
        assert!(tickets.into_iter().eq(0..5_000));
        let written = store.written();
        assert!(written.bytes > 5_000 * 1_024 && written.rounds > 0, "{written:?}");
        drop(store);
        let left = std::fs::read_dir(folder.join("journal")).unwrap().count();
        assert_eq!(left, 0, "the files of a closed store are in the pool");
    }
}

#[test]
fn chats_are_named_by_their_number() {
    let mut id = *b"chat-00000000";
    assert_eq!(name(&mut id, 42_000_007), Ok("chat-42000007"));
    assert_eq!(name(&mut id, 9), Ok("chat-00000009"));
}
