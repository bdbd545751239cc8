//! Rings reach the caller that attached, whatever happens meanwhile.

use super::*;

fn a_join(scene: &Scene, chat_id: &str, consumer_id: &str) -> Packed {
    let mut packed = Packed::default();
    let join = Operation::Join { chat_id, consumer_id, at: JoinAt::Head };
    scene.store.packer().pack(&mut packed, &join).unwrap();
    packed
}

#[test]
fn what_others_append_rings_who_attached_after_it_is_answered() {
    let scene = a_store("news-ring", &options());
    let (ann, heard_ann) = scene.a_caller();
    let (bob, heard_bob) = scene.a_caller();
    ann.submit(a_join(&scene, "chat", "ann/phone")).unwrap();
    heard_ann.wait_for(1);
    let (consumer, watch) = (ann.attach("ann/phone"), ann.watch("chat"));
    for seq in 1..=20 {
        bob.submit(scene.appends("chat", &[b"a"])).unwrap();
        heard_bob.wait_for(seq);
        heard_ann.wait_rung(consumer, seq);
        heard_ann.wait_rung(watch, seq);
        for attachment in [consumer, watch] {
            let page = ann.take_news(attachment, 10);
            assert_eq!(page.rows[0].head_seq, seq as u64);
            assert!(ann.take_news(attachment, 10).rows.is_empty());
        }
    }
    assert!(bob.take_news(consumer, 10).rows.is_empty(), "it is not bob's");
}

#[test]
fn nothing_is_missed_between_attaching_and_reading() {
    let scene = a_store("news-race", &options());
    let (writer, answers) = scene.a_caller();
    let (listener, heard) = scene.a_caller();
    let reader = scene.store.reader();
    for count in 1..=300_usize {
        writer.submit(scene.appends("chat", &[b"a"])).unwrap();
        let watch = listener.watch("chat");
        let mut head = reader.head("chat").unwrap().head_seq;
        if head < count as u64 {
            heard.wait_rung(watch, 1);
            head = listener.take_news(watch, 1).rows[0].head_seq;
        }
        assert_eq!(head, count as u64);
        answers.wait_for(count);
        listener.detach(watch);
    }
}

#[test]
fn a_fenced_attachment_is_rung_although_the_store_is_idle() {
    let scene = a_store("news-fence", &options());
    let (old, heard_old) = scene.a_caller();
    let (new, heard_new) = scene.a_caller();
    let fenced = old.attach("ann");
    let attached = new.attach("ann");
    heard_old.wait_rung(fenced, 1);
    assert!(old.take_news(fenced, 1).fenced && !new.take_news(attached, 1).fenced);
    new.submit(a_join(&scene, "chat", "ann")).unwrap();
    heard_new.wait_rung(attached, 1);
    assert_eq!(new.take_news(attached, 1).rows[0].chat_id, "chat");
}

#[test]
fn a_caller_that_is_gone_is_not_rung_and_its_successor_is_not_rung_for_it() {
    let scene = a_store("news-gone", &options());
    let (gone, heard_gone) = scene.a_caller();
    let (writer, answers) = scene.a_caller();
    let _watch = gone.watch("chat");
    drop(gone);
    writer.submit(scene.appends("chat", &[b"a"])).unwrap();
    answers.wait_for(1);
    let (next, heard_next) = scene.a_caller();
    let watch = next.watch("chat");
    writer.submit(scene.appends("chat", &[b"b"])).unwrap();
    heard_next.wait_rung(watch, 1);
    assert_eq!((heard_gone.rings(), heard_next.rings()), (vec![], vec![watch]));
}

#[test]
fn close_and_poison_ring_everybody() {
    let scene = a_store("news-close", &options());
    let (caller, heard) = scene.a_caller();
    let ids = [caller.attach("ann"), caller.attach("bob"), caller.watch("chat")];
    scene.store.close().unwrap();
    ids.iter().for_each(|id| heard.wait_rung(*id, 1));
    assert!(ids.iter().all(|id| caller.take_news(*id, 1).ended));

    let scene = a_store("news-poison", &options());
    let (caller, heard) = scene.a_caller();
    let ann = caller.attach("ann");
    scene.stage.set(Call::CommitterSync, Act::Fail);
    caller.submit(scene.appends("chat", &[b"a"])).unwrap();
    heard.wait_rung(ann, 1);
    assert!(caller.take_news(ann, 1).ended);
    let late = caller.attach("eve");
    heard.wait_rung(late, 1);
    assert!(scene.store.close().is_err());
}
