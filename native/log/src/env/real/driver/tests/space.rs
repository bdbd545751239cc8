//! A disk that has no space for another journal file.

use super::staged::{Act, Call};
use super::*;

/// One of these fits in a journal file, and some small ones beside it.
const LARGE_BYTES: usize = 240 << 10;

/// Does one operation and gives its code.
fn ask(scene: &Scene, operation: &Operation<'_>) -> &'static str {
    let (caller, heard) = scene.a_caller();
    let mut packed = Packed::default();
    scene.store.packer().pack(&mut packed, operation).unwrap();
    caller.submit(packed).unwrap();
    codes(&heard.wait_for(1))[0]
}

#[test]
fn an_append_that_no_file_has_space_for_is_refused_and_holds_nothing_up() {
    let scene = a_store("driver-space", &Options { spares: 1, ..options() });
    scene.stage.wait_for(Call::SealerCreate, 1);
    scene.stage.set(Call::SealerCreate, Act::Full);
    let payload = vec![7; LARGE_BYTES];
    let large = Operation::Append(Append::new("chat", &payload));
    // One for the file, one for the spare; then there is no other.
    let codes = [ask(&scene, &large), ask(&scene, &large), ask(&scene, &large)];
    assert_eq!(codes, ["ok", "ok", "FOQ_DISK_FULL"]);
    let (chat_id, consumer_id) = ("chat", "ann/phone");
    let join = Operation::Join { chat_id, consumer_id, at: JoinAt::Head };
    assert_eq!(ask(&scene, &join), "ok");
    assert_eq!(ask(&scene, &large), "FOQ_DISK_FULL");
    assert!(scene.store.poisoned().is_none());
    scene.stage.set(Call::SealerCreate, Act::Go);
    scene.store.close().unwrap();
    assert_eq!(scene.reopened().reader().head("chat").unwrap().head_seq, 2);
}
