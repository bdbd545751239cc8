//! A reader that has a journal file, while that file is sealed, let go and needed for new rounds.

use std::sync::{Arc, Mutex, PoisonError};

use foq_log::env::sim::Survivors;
use foq_log::env::{DiskFile, Env, Layered};
use foq_log::{Append, Assembled, Log, Operation, SealStep};

use super::{SEED, SMALL_FILE_BYTES, a_world};

/// Records that fill more than one journal file.
const FILLING_RECORDS: u32 = 6;
const FILLING_BYTES: usize = 2048;
/// Far more steps than such a short life has.
const STEPS_MAX: u32 = 1000;

pub(super) type Meanwhile = Arc<Mutex<Option<Box<dyn FnOnce() + Send>>>>;

/// Of a chat replay left one effect. Somebody looks it up; before his read reaches the disk, the
/// journal file is sealed, and others write more than a file holds. He reads what was there.
pub(super) fn a_held_file_is_not_written_again() -> Result<(), String> {
    let mut world = a_world(SMALL_FILE_BYTES);
    world.options.retention = foq_log::Options::default().retention;
    let mut log = Log::open(&world.env(), &world.options).map_err(|error| error.to_string())?;
    append(&mut log, "chat", b"sealed")?;
    seal(&mut log)?;
    append(&mut log, "chat", b"replayed")?;
    log.close().map_err(|error| error.to_string())?;

    let meanwhile = Meanwhile::default();
    let happens = Arc::clone(&meanwhile);
    let disk = Layered::new(world.env().disk, move |disk, path, mode| {
        let file = disk.open(path, mode)?;
        if !path.starts_with("journal/") {
            return Ok(file);
        }
        Ok(Arc::new(HookedFile { file, meanwhile: Arc::clone(&happens) }))
    });
    let env = Env { disk: Arc::new(disk), ..world.env() };
    let log = Log::open(&env, &world.options).map_err(|error| error.to_string())?;
    let reader = log.reader();
    let log = Arc::new(Mutex::new(log));
    let worked = Arc::new(Mutex::new(None));
    let (theirs, told) = (Arc::clone(&log), Arc::clone(&worked));
    let others = move || {
        let mut log = theirs.lock().unwrap_or_else(PoisonError::into_inner);
        let done = seal(&mut log).and_then(|()| {
            (0..FILLING_RECORDS).try_for_each(|_| append(&mut log, "other", &[7; FILLING_BYTES]))
        });
        *told.lock().unwrap_or_else(PoisonError::into_inner) = Some(done);
    };
    *meanwhile.lock().unwrap_or_else(PoisonError::into_inner) = Some(Box::new(others));
    let head = reader.head("chat").map_err(|error| format!("I1: seed {SEED}: {error}"))?;
    let worked = worked.lock().unwrap_or_else(PoisonError::into_inner).take();
    worked.ok_or("the lookup read no journal file")??;
    if head.head_seq == 2 { Ok(()) } else { Err(format!("I1: expected head 2, seen {head:?}")) }
}

/// A round is on its way in one file, and the next one has its place in another. The first file is
/// not sealed before that round is applied: nothing of it is lost.
pub(super) fn a_file_with_a_round_in_flight_is_not_sealed() -> Result<(), String> {
    let mut world = a_world(SMALL_FILE_BYTES);
    world.options.retention = foq_log::Options::default().retention;
    let words = |error: foq_log::Error| error.to_string();
    let mut log = Log::open(&world.env(), &world.options).map_err(words)?;
    append(&mut log, "chat", b"first")?;
    let mut rounds = Vec::new();
    for _ in 0..FILLING_RECORDS {
        let record = Operation::Append(Append::new("chat", &[7; FILLING_BYTES]));
        log.submit(0, &record).map_err(words)?;
        match log.assemble().map_err(words)? {
            Assembled::Round(round) => rounds.push(round),
            Assembled::NeedsSpare if rounds.is_empty() => {
                return Err("the file is too small".to_owned());
            }
            Assembled::NeedsSpare => {
                log.prepare_spare().map_err(words)?;
                if let Assembled::Round(next) = log.assemble().map_err(words)? {
                    rounds.push(next);
                }
                break;
            }
            Assembled::Nothing => return Err("a record makes no round".to_owned()),
        }
        // All but the last are durable.
        if rounds.len() > 1 {
            log.commit(rounds.remove(0)).map_err(words)?;
        }
    }
    seal(&mut log)?;
    for round in rounds {
        log.commit(round).map_err(words)?;
    }
    let head = log.reader().head("chat").map_err(words)?.head_seq;
    let world = world.after_stop(world.disk.crash_image(Survivors::None), 0);
    let log = Log::open(&world.env(), &world.options).map_err(words)?;
    match log.reader().head("chat").map_err(words)?.head_seq {
        found if found == head => Ok(()),
        found => Err(format!("I1: expected head {head}, found {found}")),
    }
}

/// Commits one record, whatever must be done for it.
pub(super) fn append(log: &mut Log, chat_id: &str, payload: &[u8]) -> Result<(), String> {
    let append = Operation::Append(Append::new(chat_id, payload));
    log.submit(0, &append).map_err(|error| error.to_string())?;
    for _ in 0..STEPS_MAX {
        match log.assemble().map_err(|error| error.to_string())? {
            Assembled::Round(round) => log.commit(round).map_err(|error| error.to_string())?,
            Assembled::NeedsSpare => log.prepare_spare().map_err(|error| error.to_string())?,
            Assembled::Nothing if log.waits_for_lookups() => {
                for lookup in log.take_lookups() {
                    log.install(lookup.run());
                }
            }
            Assembled::Nothing => return Ok(()),
        }
    }
    Err("an append does not come to an end".to_owned())
}

/// Seals all there is, and lets it go.
pub(super) fn seal(log: &mut Log) -> Result<(), String> {
    if log.wants_spare() {
        log.prepare_spare().map_err(|error| error.to_string())?;
    }
    while let Some(mut job) = log.seal_oldest() {
        let sealed = loop {
            match job.step().map_err(|error| error.to_string())? {
                SealStep::More(more) => job = more,
                SealStep::Done(sealed) => break sealed,
            }
        };
        log.finish_seal(sealed);
        while log.release_some() {}
    }
    Ok(())
}

/// A journal file; something happens before it is read next.
struct HookedFile {
    file: Arc<dyn DiskFile>,
    meanwhile: Meanwhile,
}

impl DiskFile for HookedFile {
    fn read_at(&self, byte_offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        let meanwhile = self.meanwhile.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(work) = meanwhile {
            work();
        }
        self.file.read_at(byte_offset, buffer)
    }

    fn write_at(&self, byte_offset: u64, data: &[u8]) -> std::io::Result<usize> {
        self.file.write_at(byte_offset, data)
    }

    fn sync(&self) -> std::io::Result<()> {
        self.file.sync()
    }

    fn drop_cache(&self) -> std::io::Result<()> {
        self.file.drop_cache()
    }

    fn size(&self) -> std::io::Result<u64> {
        self.file.size()
    }
}
