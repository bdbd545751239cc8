//! The journal over power cuts, rot and many files: what was cut away never comes back, what was
//! durable is never cut away.

use foq_log::env::sim::{CallKind, Fault, FaultRule, Survivors};
use foq_log::{Assembled, Log, ReadFrom};

use super::verbs::*;

/// The journal files that hold something, by path.
fn journal(world: &World) -> Vec<(String, Vec<u8>)> {
    let files = world.disk.files();
    files.into_iter().filter(|(path, _)| path.ends_with(".jnl")).collect()
}

/// The file and byte offset of the last place where these bytes lie.
fn place_of(world: &World, needle: &[u8]) -> (String, u64) {
    let found = journal(world).into_iter().rev().find_map(|(path, bytes)| {
        let at = bytes.windows(needle.len()).rposition(|window| window == needle)?;
        Some((path, at as u64))
    });
    found.expect("the bytes lie in the journal")
}

#[test]
fn a_round_torn_by_a_power_cut_is_cut_away_and_never_comes_back() {
    for seed in 0..200 {
        let mut world = a_store();
        world.filled(1);
        let torn = "torn ".repeat(300);
        world.submit(&plain(&torn));
        let mut round = world.assemble().unwrap();
        world.log().write(&mut round).unwrap();
        world.power_cut(Survivors::Random(seed));
        let survived = world.texts().len() == 2;
        let short = world.appended(&plain("short")).0;
        assert_eq!(short, if survived { 3 } else { 2 }, "survivors {seed}");
        world.power_cut(Survivors::Random(seed));
        let texts = world.texts();
        assert_eq!(texts.contains(&torn), survived, "survivors {seed}: {} texts", texts.len());
        assert_eq!(texts.last().unwrap(), "short", "survivors {seed}");
    }
}

#[test]
fn recovery_that_is_interrupted_anywhere_finds_the_same() {
    for crash_at in 1..60 {
        let mut world = a_store();
        world.filled(2);
        world.submit(&plain(&"torn ".repeat(300)));
        let mut round = world.assemble().unwrap();
        world.log().write(&mut round).unwrap();
        let cut = world.disk.crash_image(Survivors::Random(crash_at));
        world.drop_log();
        world.disk = cut;
        world.disk.add_fault(FaultRule::nth_call(crash_at, Fault::Crash));
        let opened = Log::open(&world.env(), &world.options);
        drop(opened);
        world.disk = world.disk.crash_image(Survivors::Random(crash_at * 7));
        world.open().unwrap();
        assert!(world.texts().len() >= 2, "crash at call {crash_at}");
        assert_eq!(world.appended(&plain("after")).0, world.texts().len() as u64);
    }
}

#[test]
fn after_an_idle_mark_one_flipped_bit_of_the_last_record_is_corruption_and_never_the_end() {
    for clean in [false, true] {
        let mut world = a_store();
        world.ask(&plain("the last one that was acked"));
        if clean {
            world.reopen();
            world.drop_log();
        } else {
            let assembled = world.log().assemble_mark().unwrap();
            world.finish(assembled);
            let now = world.disk.kill_image();
            world.drop_log();
            world.disk = now;
        }
        let (path, at) = place_of(&world, b"the last one");
        world.disk.damage(&path, at, b"T");
        let before = world.disk.files();
        let error = Log::open(&world.env(), &world.options).err().unwrap();
        assert_eq!(error.code(), "FOQ_CORRUPT", "{error}");
        let journals = |files: Vec<(String, Vec<u8>)>| {
            files.into_iter().filter(|(path, _)| path != "LOCK").collect::<Vec<_>>()
        };
        assert_eq!(journals(world.disk.files()), journals(before), "nothing is changed");
    }
}

#[test]
fn records_of_every_size_are_found_one_by_one_over_many_files() {
    let mut world = a_store_with(|options| {
        options.journal_file_bytes = 8 << 10;
        options.round_bytes_max = 4 << 10;
        options.payload_bytes_max = 2 << 10;
    });
    let size = |seq: u64| usize::try_from(seq * 37 % 1500).unwrap();
    for seq in 1..=120 {
        world.appended(&plain(&"x".repeat(size(seq))));
    }
    assert!(journal(&world).len() > 5, "many files");
    for _ in 0..2 {
        for seq in 1..=120 {
            let read = world.reader().read(CHAT, ReadFrom::Seq(seq), 1, 0).unwrap();
            assert_eq!((read.records[0].seq, read.records[0].payload.len()), (seq, size(seq)));
        }
        world.power_cut(Survivors::None);
    }
}

#[test]
fn names_and_keys_are_not_lost_when_their_first_mention_lies_in_an_older_file() {
    let mut world = a_store_with(|options| {
        options.journal_file_bytes = 8 << 10;
        options.round_bytes_max = 4 << 10;
        options.payload_bytes_max = 2 << 10;
    });
    world.join("ann/phone");
    let first = foq_sim::operation::Op::Append(keyed("back-end", "key", "first"));
    world.appended(&first);
    for _ in 0..20 {
        world.appended(&plain(&"x".repeat(1000)));
    }
    world.receive("ann/phone", 20);
    world.power_cut(Survivors::None);
    assert_eq!(world.cursor("ann/phone").unwrap().received, 20);
    assert!(world.appended(&first).2);
}

#[test]
fn power_cuts_around_every_change_of_file_lose_nothing_that_was_acked() {
    for seed in 0..40 {
        let mut world = a_store_with(|options| {
            options.journal_file_bytes = 8 << 10;
            options.round_bytes_max = 4 << 10;
            options.payload_bytes_max = 2 << 10;
        });
        for acked in 1..=12 {
            assert_eq!(world.appended(&plain(&"x".repeat(1200))).0, acked, "seed {seed}");
            world.power_cut(Survivors::Random(seed));
        }
        assert_eq!(world.texts().len(), 12);
    }
}

#[test]
fn a_spare_that_was_never_used_does_not_disturb_recovery() {
    for survivors in [Survivors::None, Survivors::All, Survivors::Random(3)] {
        let mut world = a_store();
        world.filled(2);
        world.log().prepare_spare().unwrap();
        world.power_cut(survivors);
        assert_eq!(world.texts().len(), 2);
        assert_eq!(world.appended(&plain("after")).0, 3);
    }
}

#[test]
fn bytes_of_a_files_earlier_life_are_not_read_again() {
    let small = |options: &mut foq_log::Options| {
        options.journal_file_bytes = 8 << 10;
        options.round_bytes_max = 4 << 10;
        options.payload_bytes_max = 2 << 10;
    };
    let mut world = a_store_with(small);
    for _ in 0..10 {
        world.appended(&plain(&"old".repeat(300)));
    }
    for (number, (_, bytes)) in (0..).zip(journal(&world)) {
        world.disk.put_file(&format!("journal/{}.free", 900 + number), &bytes);
    }
    for _ in 0..10 {
        world.appended(&plain(&"new".repeat(300)));
        world.power_cut(Survivors::None);
    }
    let texts = world.texts();
    assert_eq!(texts.len(), 20);
    assert!(texts[10..].iter().all(|text| text.starts_with("new")));
}

#[test]
fn a_write_that_says_it_was_done_and_was_not_is_found_out_when_the_next_is_there() {
    let mut world = a_store();
    world.filled(1);
    world.submit(&plain("lost by the disk"));
    let round = world.assemble().unwrap();
    world.disk.add_fault(FaultRule::nth(CallKind::Write, 1, Fault::LostWrite));
    world.finish(Assembled::Round(round));
    world.filled(1);
    let now = world.disk.crash_image(Survivors::All);
    world.drop_log();
    world.disk = now;
    let error = Log::open(&world.env(), &world.options).err().unwrap();
    assert_eq!(error.code(), "FOQ_CORRUPT", "{error}");
}

#[test]
fn what_a_killed_process_left_in_the_cache_is_durable_before_anything_rests_on_it() {
    for seed in 0..60 {
        let mut world = a_store_with(|options| {
            options.journal_file_bytes = 8 << 10;
            options.round_bytes_max = 4 << 10;
            options.payload_bytes_max = 2 << 10;
        });
        let mut acked = 0;
        for step in 1..=8 {
            assert_eq!(world.appended(&plain(&"x".repeat(1500))).0, acked + 1, "seed {seed}");
            acked += 1;
            world.disk.add_fault(FaultRule::nth_call(seed % 7 + step, Fault::Crash));
            let _ = world.log().prepare_spare();
            world.disk.clear_faults();
            let killed = world.disk.kill_image();
            world.drop_log();
            world.disk = killed;
            world.open().unwrap();
            assert_eq!(world.appended(&plain(&"y".repeat(1500))).0, acked + 1, "seed {seed}");
            acked += 1;
            world.power_cut(Survivors::Random(seed * 100 + step));
            assert_eq!(world.texts().len() as u64, acked, "seed {seed}, step {step}");
        }
    }
}
