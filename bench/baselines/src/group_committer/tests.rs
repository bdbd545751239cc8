//! Acks of the bare group committer: all, once, in order; and its bound.

use super::GroupCommitter;
use super::chunk::CHUNK_BYTES;
use super::queue::{CHUNKS, State};
use crate::files::{FILE_BYTES, Scratch};
use crate::numbers::index;
use crate::subject::{Completion, Subject};

/// Submits `total` records in slices and returns the runs in which they were acked.
fn ack_all(in_flight: u32, total: u64) -> Vec<Completion> {
    let folder = Scratch::create(&std::env::temp_dir()).unwrap();
    let mut committer = GroupCommitter::open(folder.path(), in_flight, 4 << 20).unwrap();
    let chats: Vec<u32> = (0..61).collect();
    let (mut submitted, mut acked, mut runs) = (0, 0, Vec::new());
    while acked < total {
        let slice = chats.len().min(index(total - submitted));
        submitted += committer.submit(&[7; 1_024], &chats[..slice]).unwrap() as u64;
        let known = runs.len();
        committer.completions(&mut runs).unwrap();
        acked += runs[known..].iter().map(|run| run.count).sum::<u64>();
    }
    assert!(committer.written().bytes >= total * 1_072);
    runs
}

#[test]
fn twenty_thousand_records_are_acked_once_and_in_order_with_one_and_two_in_flight() {
    for in_flight in [1, 2] {
        let mut expected = 0;
        for run in ack_all(in_flight, 20_000) {
            assert_eq!(run.first_ticket, expected, "{in_flight} in flight");
            expected += run.count;
        }
        assert_eq!(expected, 20_000);
    }
}

#[test]
fn a_full_queue_refuses_the_rest_of_a_slice_and_takes_it_later() {
    let mut state = State::new(FILE_BYTES);
    let placed = std::iter::repeat_n((), 20_000).take_while(|()| state.place(&[1; 1_024], 0));
    assert_eq!(placed.count(), CHUNKS * (CHUNK_BYTES / 1_072));
    let round = state.take_round().unwrap();
    assert!(!state.place(&[1; 1_024], 0), "a chunk with a committer is not free");
    state.finish(round, 1);
    assert!(state.place(&[1; 1_024], 0));
}
