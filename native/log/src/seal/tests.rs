//! Sealing on a simulated disk: what was in the journal is found in tables.

use crate::simulated::{append, join, received, simulated};

#[test]
fn sealed_chats_are_as_they_were() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), append("chat", b"one"), append("chat", b"two")]);
    log.commit(&[append("other", b"three"), received("chat", "ann", 1)]);
    let reader = log.reader.clone();
    let before = (reader.head("chat").unwrap(), reader.cursors("chat").unwrap());
    log.seal();
    assert_eq!(reader.shared.states.read().len(), 0, "all chats left RAM");
    assert_eq!(before, (reader.head("chat").unwrap(), reader.cursors("chat").unwrap()));
}

#[test]
fn a_chat_that_was_replayed_and_not_asked_for_is_sealed_whole() {
    let mut log = simulated();
    log.commit(&[join("chat", "ann"), append("chat", b"one")]);
    log.seal();
    log.commit(&[append("other", b"two"), append("chat", b"two")]);
    let before = log.reader.head("chat").unwrap();
    let mut log = log.reopened();
    assert_eq!(log.reader.shared.states.read().partials.len(), 2);
    assert_eq!(log.reader.head("chat").unwrap(), before);
    log.seal();
    assert_eq!(log.reader.shared.states.read().partials.len(), 0);
    assert_eq!(log.reader.head("chat").unwrap(), before);
    assert_eq!(log.reader.head("other").unwrap().head_seq, 1);
    log.commit(&[append("other", b"three")]);
    assert_eq!(log.reader.head("other").unwrap().head_seq, 2);
}
