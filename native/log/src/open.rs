//! Opening a store: lock, manifest, recovery, and the few writes that follow its verdict.

use std::io;

use crate::env::{Disk, Env, LockError, write_all};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::effect::Effect;
use crate::format::manifest::{Manifest, Sealed};
use crate::hash::Hashes;
use crate::manifests::{self, Found};
use crate::options::{Durability, Options};
use crate::planted::{Bug, planted};
use crate::recovery::{Progress, Recovered, Recovery, Replay, Replayed, TAIL_BYTES};
use crate::seal::JournalPart;
use crate::shared::Shared;
use crate::shelf::{JournalFile, SpareMaker, sync_dir};
use crate::state::States;
use crate::state::chat::ApplyContext;
use crate::state::partial::{BatchTimes, Unapplied};
use crate::state::pointer::Pointer;
use crate::table::TableKind;

/// Held as long as the store is open.
pub(crate) type Lock = Box<dyn Send + Sync>;

/// An opened store.
pub(crate) struct Opened {
    pub lock: Option<Lock>,
    pub shared: Shared,
    pub recovered: Recovered,
    pub spares: SpareMaker,
}

/// Opens or creates; see `Log::open`.
pub(crate) fn open(env: &Env, options: &Options) -> Result<Opened> {
    options.validate()?;
    let disk = &*env.disk;
    if !options.read_only && options.create {
        disk.create_root().map_err(|source| {
            Error::io("the store's directory cannot be made", disk.name(), source)
        })?;
    }
    let lock = take_lock(env, options)?;
    if !options.read_only {
        make_names_certain(disk)?;
    }
    let (mut manifest, heal) = match manifests::load(disk, options.read_only)? {
        Found::Manifest { manifest, heal } if manifest.ready => (*manifest, heal),
        found => (create(env, options, found)?, false),
    };
    let hashes = Hashes::new(manifest.hash_key);
    let mut states = States::default();
    let mut longest_age_ms = 0;
    let recovery = (env, options, &manifest, hashes);
    let recovered = recover(recovery, &mut states, &mut longest_age_ms)?;
    if !options.read_only {
        // Only now: what refuses to open is left as it was.
        if heal {
            manifests::store(disk, &mut manifest)?;
        }
        settle_disk(env, &manifest, &recovered)?;
        settle_tables(disk, &mut manifest)?;
        begin_history(env, options, &mut manifest)?;
    }
    states.retention_now = recovered.progress.retention_at;
    states.round = recovered.progress.round;
    states.last_at = recovered.progress.at;
    states.position = recovered.progress.position;
    let spares = spare_maker(env, options, &manifest, &recovered);
    let shared = Shared::new(&env.disk, manifest, options);
    *shared.states.write() = states;
    shared.catalog.note_age(longest_age_ms);
    let files = recovered.files.iter().map(|part| &part.file);
    files.chain(&recovered.spares).for_each(|file| shared.add_file(file));
    Ok(Opened { lock, shared, recovered, spares })
}

fn take_lock(env: &Env, options: &Options) -> Result<Option<Lock>> {
    let disk = &*env.disk;
    match disk.lock(!options.read_only) {
        Ok(lock) => Ok(Some(lock)),
        Err(LockError::Held { pid }) => Err(Error::Locked { pid }),
        Err(LockError::Io(source)) => {
            Err(Error::io("the store cannot be locked", disk.name(), source))
        }
    }
}

/// A process that was killed may have left names in the page cache only. They look durable and
/// are not: what is to be trusted is synced first.
fn make_names_certain(disk: &dyn Disk) -> Result<()> {
    for folder in ["", "journal", "segments", "states", "inbox"] {
        match sync_dir(disk, folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(Error::io("a folder cannot be synced", folder, error));
            }
            _ => {}
        }
    }
    Ok(())
}

/// Makes a store. Nothing is acked in it before its manifests say that it is ready, so that a
/// crash on the way is followed by making it again.
fn create(env: &Env, options: &Options, found: Found) -> Result<Manifest> {
    let disk = &*env.disk;
    if options.read_only || !options.create {
        let what = "there is no store here, and none is to be made".to_string();
        return Err(Error::Unavailable { what, path: disk.name(), source: None });
    }
    let journal = match disk.list("journal") {
        Ok(names) => names,
        Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
        Err(source) => return Err(Error::io("the journal cannot be listed", "journal", source)),
    };
    let unfinished = matches!(found, Found::Manifest { .. });
    if !unfinished && journal.iter().any(|name| name.ends_with(".jnl")) {
        return Err(Error::corrupt("MANIFEST-A", 0..0, "both manifests of a store are missing"));
    }
    let mut manifest = match found {
        Found::Manifest { manifest, .. } => *manifest,
        Found::Nothing => fresh_manifest(env, options),
    };
    manifests::store(disk, &mut manifest)?;
    let making = || -> io::Result<()> {
        make_folders(disk)?;
        sync_dir(disk, "")?;
        for name in journal.iter().filter(|name| !name.ends_with(".free")) {
            disk.remove(&format!("journal/{name}"))?;
        }
        sync_dir(disk, "journal")
    };
    making().map_err(|source| Error::io("the store cannot be made", disk.name(), source))?;
    SpareMaker::new(env, manifest.store_id, options, manifest.first_file_id).prepare()?;
    manifest.ready = true;
    manifests::store(disk, &mut manifest)?;
    Ok(manifest)
}

fn fresh_manifest(env: &Env, options: &Options) -> Manifest {
    let mut random = [[0_u8; 16]; 3];
    random.iter_mut().for_each(|bytes| env.random.fill(bytes));
    let [store_id, hash_key, epoch] = random;
    Manifest {
        counter: 0,
        store_id,
        hash_key,
        epoch: u64::from_le_bytes(epoch.first_chunk().copied().unwrap_or_default()),
        boot_id: env.disk.boot_id(),
        first_file_id: 1,
        sealed: Sealed::default(),
        journal_file_bytes: u64::from(options.journal_file_bytes),
        ready: false,
        unsafe_class: options.durability == Durability::PageCacheUnsafe,
        clean: false,
        next_table_id: 1,
        tables: Vec::new(),
        replaced: Vec::new(),
        erase: std::collections::BTreeMap::new(),
        longest_age_ms: 0,
        scrubbed_at: env.clock.wall_ms(),
        backup_round: 0,
    }
}

/// The folders of a store; a store of an older version lacks some.
fn make_folders(disk: &dyn Disk) -> io::Result<()> {
    let tables = TableKind::ALL.iter().map(|kind| kind.folder());
    ["journal"].into_iter().chain(tables).try_for_each(|folder| disk.create_dir(folder))
}

fn recover(
    (env, options, manifest, hashes): (&Env, &Options, &Manifest, Hashes),
    states: &mut States,
    longest_age_ms: &mut u64,
) -> Result<Recovered> {
    let recovery = Recovery {
        disk: &*env.disk,
        store_id: manifest.store_id,
        first_file_id: manifest.first_file_id,
        read_only: options.read_only,
    };
    states.retention_now = manifest.sealed.retention_at;
    // Without tables there is nothing below what is replayed.
    let whole = !manifest.tables.iter().any(|table| table.kind == TableKind::State);
    let mut replay = |replayed: &Replayed<'_>| {
        let effects = replayed.batch.iterate().map(|(effect, _)| effect.longest_age_ms());
        *longest_age_ms = effects.fold(*longest_age_ms, u64::max);
        match whole {
            true => apply_batch(replayed, options, hashes, states),
            false => note_batch(replayed, hashes, states),
        }
    };
    let replay: &mut Replay<'_> = &mut replay;
    let Sealed { round, position, at, retention_at } = manifest.sealed;
    recovery.run(Progress { round, position, at, retention_at, marked: round > 0 }, replay)
}

fn apply_batch(replayed: &Replayed<'_>, options: &Options, hashes: Hashes, states: &mut States) {
    let header = replayed.batch.header;
    let effects_at = replayed.byte_offset + crate::format::batch::batch_header::SIZE as u64;
    let forget = planted(Bug::DedupLostOnReopen);
    for (nth, (effect, range)) in replayed.batch.iterate().enumerate() {
        let key = hashes.chat(effect.chat_id());
        let chat_id = std::str::from_utf8(effect.chat_id()).unwrap_or_default();
        let index = states.find_or_insert(key, chat_id);
        let byte_offset = effects_at + range.start as u64;
        let context = ApplyContext {
            hashes,
            retention: &options.retention,
            dedup_depth: if forget { 0 } else { usize::from(options.dedup_depth) },
            retention_now: states.retention_now,
            at: header.at,
            position: header.position + nth as u64,
            pointer: Pointer::new(replayed.file_id, byte_offset, range.len() as u64),
        };
        states.apply(index, &effect, &context);
        states.position = context.position;
    }
    states.retention_now = header.retention_at;
    states.last_at = header.at;
}

/// Keeps a batch's effects for when somebody asks for their chats.
fn note_batch(replayed: &Replayed<'_>, hashes: Hashes, states: &mut States) {
    let header = replayed.batch.header;
    let effects_at = replayed.byte_offset + crate::format::batch::batch_header::SIZE as u64;
    let retention_now = states.retention_now;
    let times = BatchTimes { position: header.position, at: header.at, retention_now };
    states.partials.begin_batch(times);
    for (nth, (effect, range)) in replayed.batch.iterate().enumerate() {
        let key = hashes.chat(effect.chat_id());
        let pointer =
            Pointer::new(replayed.file_id, effects_at + range.start as u64, range.len() as u64);
        let bytes = replayed.batch.effects.get(range).unwrap_or_default();
        let position = header.position + nth as u64;
        states.partials.add(key, Unapplied::new(position, pointer, bytes));
        if let Effect::Join { consumer_id, .. } = effect {
            states.partials.note_join(hashes.name(consumer_id), key);
        }
    }
    states.retention_now = header.retention_at;
}

/// The writes that recovery decided on: nothing that an unfinished round left may ever verify.
fn settle_disk(env: &Env, manifest: &Manifest, recovered: &Recovered) -> Result<()> {
    let disk = &*env.disk;
    let settle = || -> io::Result<()> {
        // The unsafe class may have left whole rounds behind a lost one.
        let reach = if manifest.unsafe_class { u64::MAX } else { TAIL_BYTES };
        if let Some(JournalPart { file: tail, .. }) = recovered.files.last() {
            erase(tail, recovered.end, reach)?;
        }
        for spare in &recovered.spares {
            erase(spare, SECTOR_BYTES, reach)?;
        }
        for path in &recovered.remove {
            disk.remove(path)?;
        }
        if recovered.remove.is_empty() { Ok(()) } else { sync_dir(disk, "journal") }
    };
    settle().map_err(|source| Error::io("the journal's tail cannot be cleared", "journal", source))
}

/// Tidies the folders of tables: those that were replaced, or never finished, are removed; others
/// that no manifest names are nobody's to delete, and are put aside.
fn settle_tables(disk: &dyn Disk, manifest: &mut Manifest) -> Result<()> {
    let settle = || -> io::Result<()> {
        make_folders(disk)?;
        for kind in TableKind::ALL {
            for name in disk.list(kind.folder())? {
                let path = format!("{}/{name}", kind.folder());
                match kind.id_in(&name) {
                    Some(id) if manifest.lists(kind, id) => {}
                    Some(id) if manifest.puts_aside(kind, id) => {
                        disk.create_dir("quarantine")?;
                        disk.rename(&path, &format!("quarantine/{name}"))?;
                        sync_dir(disk, "quarantine")?;
                    }
                    _ => disk.remove(&path)?,
                }
            }
            sync_dir(disk, kind.folder())?;
        }
        sync_dir(disk, "")
    };
    settle().map_err(|source| Error::io("the tables cannot be tidied", "segments", source))?;
    manifest.replaced.clear();
    Ok(())
}

/// Zero-fills and syncs what is not zero in `[begin, begin + reach)`.
fn erase(file: &JournalFile, begin: u64, reach: u64) -> io::Result<()> {
    let end = begin.saturating_add(reach).min(file.file_bytes);
    let length = usize::try_from(end.saturating_sub(begin)).unwrap_or_default();
    let mut bytes = vec![0_u8; length];
    crate::env::read_exact(file.handle(0), begin, &mut bytes)?;
    let Some(last) = bytes.iter().rposition(|&byte| byte != 0) else { return Ok(()) };
    bytes.truncate(last + 1);
    bytes.fill(0);
    write_all(file.handle(0), begin, &bytes)?;
    file.handle(0).sync()
}

/// Notes boot and class where they matter: a store of the unsafe class that opens after an
/// unclean stop under another boot may have lost acked records, so its history is a new one.
fn begin_history(env: &Env, options: &Options, manifest: &mut Manifest) -> Result<()> {
    let unsafe_class = options.durability == Durability::PageCacheUnsafe;
    if !manifest.unsafe_class && !unsafe_class {
        return Ok(());
    }
    if manifest.unsafe_class && !manifest.clean && manifest.boot_id != env.disk.boot_id() {
        let mut epoch = [0_u8; 8];
        env.random.fill(&mut epoch);
        manifest.epoch = u64::from_le_bytes(epoch);
    }
    manifest.unsafe_class = unsafe_class;
    manifest.clean = false;
    manifest.boot_id = env.disk.boot_id();
    manifests::store(&*env.disk, manifest)
}

fn spare_maker(
    env: &Env,
    options: &Options,
    manifest: &Manifest,
    recovered: &Recovered,
) -> SpareMaker {
    let last = recovered.files.last();
    let last = last.map_or(manifest.first_file_id, |part| part.file.file_id);
    let maker = SpareMaker::new(env, manifest.store_id, options, last + 1);
    recovered.spares.iter().for_each(|spare| maker.shelve(spare.clone()));
    maker
}
