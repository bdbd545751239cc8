//! Reads that must not wait for the device.

use super::*;
use crate::view::{ReadRequest, ReadStop, RecordView, Waiting};

#[test]
fn a_read_that_may_not_wait_ends_where_the_cache_does() {
    let scene = a_store("driver-cached", &options());
    let (caller, heard) = scene.a_caller();
    caller.submit(scene.appends("chat", &[[7; 100].as_slice(); 10])).unwrap();
    caller.submit(scene.appends("other", &[b"a"])).unwrap();
    heard.wait_for(11);
    let reader = scene.store.reader();
    let ask = |chat_id| ReadRequest { chat_id, from: ReadFrom::Seq(1), limit: 100 };
    let read = || {
        let mut seqs = Vec::new();
        let visit = &mut |_: usize, record: &RecordView<'_>| seqs.push(record.seq);
        let requests = [ask("chat"), ask("never"), ask("other")];
        let parts = reader.read_many(&requests, 1 << 20, Waiting::Never, visit);
        let waits = |stop: &ReadStop| matches!(stop, ReadStop::WouldWait);
        (seqs.len(), parts.iter().map(|part| waits(&part.stop)).collect::<Vec<_>>())
    };
    assert_eq!(read(), (11, vec![false, false, false]));
    scene.stage.set(Call::CachedRead, Act::Fail);
    assert_eq!(read(), (0, vec![true, false, true]));
    scene.stage.set(Call::CachedRead, Act::Full);
    let (count, waits) = read();
    assert!((4..=5).contains(&count), "half of the run, and nothing behind it: {count}");
    assert_eq!(waits, [true, false, true]);
}
