//! Directed scenarios: short lives written by hand, each for a promise whose breach random lives
//! would take long to meet.

mod backups;
mod expiry;
mod full_disk;
mod held;

use foq_log::Durability;
use foq_log::env::sim::{Dice, Survivors};

use crate::classes::a;
use crate::crash::Explorer;
use crate::operation::{Op, OwnedAppend};
use crate::session::Session;
use crate::world::{START_MS, World};

/// A name and what it runs; an error is a broken promise, in words.
pub type Scenario = (&'static str, fn() -> Result<(), String>);

/// All of them.
pub const SCENARIOS: &[Scenario] = &[
    ("a recycled file whose old bytes would go on where the log stops", stale_bytes_go_on),
    ("small inbox tables that are merged above a large one", ended_rows_cover_older_ones),
    (
        "a journal file that is sealed while somebody reads it",
        held::a_held_file_is_not_written_again,
    ),
    (
        "a journal file that is to be sealed while its last round is on its way",
        held::a_file_with_a_round_in_flight_is_not_sealed,
    ),
    ("a backup while the store goes on, seals and merges", backups::the_store_goes_on),
    ("a backup and a restore of which each call fails", backups::each_call_fails),
    (
        "records that expire while somebody reads them",
        expiry::what_expires_meanwhile_is_not_damaged,
    ),
    ("manifests that grow on a full disk", full_disk::manifests_grow_on_a_full_disk),
    ("acks on a disk without a free byte", full_disk::acks_outlast_a_full_disk),
];

const SEED: u64 = 7;
const SECTOR_BYTES: usize = 512;
const SMALL_FILE_BYTES: u32 = 8 << 10;
const LARGE_FILE_BYTES: u32 = 256 << 10;
/// Their rows make a table much larger than one of two rows.
const MANY_CONSUMERS: u32 = 200;

/// Two stores of one seed live the same life, one with large files and one with small ones. The
/// small one's second file is made from the part of the large one's first file that holds the same
/// rounds and those after them: bytes that verify but for their file and place.
fn stale_bytes_go_on() -> Result<(), String> {
    let sectors_per_file = SMALL_FILE_BYTES as usize / SECTOR_BYTES;
    let mut large = a_store(2 * SMALL_FILE_BYTES)?;
    for _ in 0..2 * sectors_per_file - 2 {
        append(&mut large)?;
    }
    let files = large.world.disk.files();
    let first = files.iter().find(|(path, _)| path.ends_with(".jnl"));
    let (_, bytes) = first.ok_or("the large store has no journal")?;
    // Its header, then what follows the rounds of the small store's first file.
    let stale = bytes.get((sectors_per_file - 1) * SECTOR_BYTES..).unwrap_or_default();
    let stale = stale.get(..SMALL_FILE_BYTES as usize).unwrap_or_default();

    let mut small = a_store(SMALL_FILE_BYTES)?;
    small.world.disk.put_file("journal/stale.free", stale);
    let journal_files = |session: &Session| {
        let files = session.world.disk.files();
        files.iter().filter(|(path, _)| path.ends_with(".jnl")).count()
    };
    while journal_files(&small) < 2 {
        append(&mut small)?;
    }
    append(&mut small)?;
    let cut = small.world.disk.cut();
    Explorer::new(SEED, 1).recover_cut(small.scene(None, 0), &cut, Some(Survivors::None))
}

/// Many join, and two leave again, one after the other. Their rows say that they have left; the
/// tables with those merge with each other and not with the large one, whose rows they end.
fn ended_rows_cover_older_ones() -> Result<(), String> {
    let mut session = a_store(LARGE_FILE_BYTES)?;
    for nth in 0..MANY_CONSUMERS {
        session.submit(0, member_op(nth, true))?;
        session.drain(&mut |_| Ok(()))?;
    }
    session.seal_all(&mut |_| Ok(()))?;
    for nth in 0..2 {
        session.submit(0, member_op(nth, false))?;
        session.drain(&mut |_| Ok(()))?;
        session.seal_all(&mut |_| Ok(()))?;
    }
    session.merge_all()?;
    session.check_live()
}

fn member_op(nth: u32, joins: bool) -> Op {
    let (chat, consumer) = ("chat".to_owned(), consumer(nth));
    match joins {
        true => Op::Join { chat, consumer, at: foq_log::JoinAt::Head },
        false => Op::Leave { chat, consumer, join_seq: None },
    }
}

fn consumer(nth: u32) -> String {
    format!("user{nth}/device")
}

fn a_store(journal_file_bytes: u32) -> Result<Session, String> {
    let world = a_world(journal_file_bytes);
    let mut session = Session::create(world, SEED).map_err(|error| error.to_string())?;
    session.dirty_spares = false;
    Ok(session)
}

fn a_world(journal_file_bytes: u32) -> World {
    let mut options = a::options(&mut Dice::new(SEED));
    options.durability = Durability::Fsync;
    options.journal_file_bytes = journal_file_bytes;
    options.spares = 1;
    options.table_bytes_max = 1 << 20;
    World::new(options, START_MS, SEED)
}

/// One round of one sector.
fn append(session: &mut Session) -> Result<(), String> {
    let append = OwnedAppend {
        chat: "chat".to_owned(),
        payload: b"one of many".to_vec(),
        ..OwnedAppend::default()
    };
    session.submit(0, Op::Append(append))?;
    session.drain(&mut |_| Ok(()))
}
