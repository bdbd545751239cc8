//! Prints what the files of a store hold, one JSON object a line: manifests, file headers,
//! batches, effects, and every range that is none of these.
//!
//! It believes nothing: damage is shown where it lies, and what follows it too. Payloads are not
//! shown, only their sizes. It changes no byte.

use crate::env::{Disk, Env};
use crate::error::{Error, Result};
use crate::format::SECTOR_BYTES;
use crate::format::batch::{FLAG_ROUND_CONTINUES, Place, ValidBatch};
use crate::format::effect::{Effect, RecordEffect, raise};
use crate::format::file::{FileHeader, journal_file_id, journal_path};
use crate::format::manifest::{MANIFEST_PATHS, Manifest, layout};
use crate::json::Line;
use crate::manifests::{BACKUP_PATH, is_backup};
use crate::table::TableKind;
use crate::table::dump::dump_tables;
use crate::verify::{lock_for_reading, read_file, refuse_broker};

/// Where lines go.
type Sink<'a> = dyn FnMut(String) + 'a;

/// Dumps the store in `env` line by line to `sink`. Writers are kept out meanwhile.
///
/// # Errors
/// `FOQ_LOCKED` while a writer has it, `FOQ_UNAVAILABLE` when there are no files of a store or
/// the disk does not read. Damage is printed.
pub fn dump(env: &Env, sink: &mut dyn FnMut(String)) -> Result<()> {
    let disk = &*env.disk;
    refuse_broker(disk)?;
    let _lock = lock_for_reading(disk)?;
    let backup = [BACKUP_PATH];
    let paths = if is_backup(disk)? { backup.as_slice() } else { &MANIFEST_PATHS };
    paths.iter().for_each(|path| dump_manifest(disk, path, sink));
    let names = disk.list("journal");
    let names =
        names.map_err(|source| Error::io("there is no journal here", disk.name(), source))?;
    let mut ids: Vec<u64> = names.iter().filter_map(|name| journal_file_id(name)).collect();
    ids.sort_unstable();
    for id in ids {
        dump_journal_file(disk, id, sink)?;
    }
    for name in names.iter().filter(|name| journal_file_id(name).is_none()) {
        sink(Line::new("unfinished file").text("file", name.as_bytes()).finish());
    }
    TableKind::ALL.into_iter().try_for_each(|kind| dump_tables(&env.disk, kind, sink))
}

fn dump_manifest(disk: &dyn Disk, path: &str, sink: &mut Sink<'_>) {
    let read = read_file(disk, path, layout::SIZE_MAX as u64 + 1);
    let line = Line::new("manifest").text("file", path.as_bytes());
    let manifest = match read.and_then(|bytes| Manifest::decode(&bytes, path)) {
        Ok(manifest) => manifest,
        Err(error) => return sink(line.text("error", error.to_string().as_bytes()).finish()),
    };
    let line = line
        .number("counter", manifest.counter)
        .hex("storeId", &manifest.store_id)
        .hex("epoch", &manifest.epoch.to_be_bytes())
        .hex("bootId", &manifest.boot_id)
        .number("firstFileId", manifest.first_file_id)
        .number("sealedPosition", manifest.sealed.position)
        .number("sealedRound", manifest.sealed.round)
        .number("sealedAt", manifest.sealed.at)
        .number("sealedRetentionAt", manifest.sealed.retention_at)
        .number("nextTableId", manifest.next_table_id)
        .number("journalFileBytes", manifest.journal_file_bytes)
        .truth("ready", manifest.ready)
        .truth("pageCacheUnsafe", manifest.unsafe_class)
        .truth("clean", manifest.clean);
    let line = match manifest.backup_round {
        0 => line,
        round => line.number("backupRound", round),
    };
    sink(line.finish());
    for table in &manifest.tables {
        let pair = |(first, last): (u64, u64)| std::iter::once((first, last));
        let line = Line::new("listed table").text("file", table.path().as_bytes());
        let line = line
            .number("class", u64::from(table.class))
            .pairs("positions", pair(table.positions))
            .pairs("at", pair(table.at))
            .number("rows", table.row_count)
            .number("fileBytes", table.file_bytes);
        sink(line.finish());
    }
    for (kind, id) in &manifest.replaced {
        sink(Line::new("replaced table").text("file", kind.path(*id).as_bytes()).finish());
    }
}

fn dump_journal_file(disk: &dyn Disk, file_id: u64, sink: &mut Sink<'_>) -> Result<()> {
    let path = journal_path(file_id);
    let bytes = read_file(disk, &path, u64::MAX)?;
    let line = Line::new("journal file").text("file", path.as_bytes());
    let line = line.number("bytes", bytes.len() as u64);
    match FileHeader::decode(&bytes, &path) {
        Err(error) => sink(line.text("error", error.to_string().as_bytes()).finish()),
        Ok(header) => {
            let line = line
                .hex("storeId", &header.store_id)
                .number("fileId", header.file_id)
                .number("previousFileId", header.previous_file_id)
                .number("fileBytes", header.file_bytes);
            sink(line.finish());
            let store_id = header.store_id;
            Walk { bytes: &bytes, store_id: &store_id, file_id, other: None }.run(sink);
        }
    }
    Ok(())
}

/// Goes through a file's rounds, and by sectors through what is none.
struct Walk<'a> {
    bytes: &'a [u8],
    store_id: &'a [u8; 16],
    file_id: u64,
    /// Where bytes began that are no batch.
    other: Option<u64>,
}

impl Walk<'_> {
    fn run(mut self, sink: &mut Sink<'_>) {
        let end = self.bytes.len() as u64;
        let mut byte_offset = SECTOR_BYTES;
        while byte_offset < end {
            let at = usize::try_from(byte_offset).unwrap_or(usize::MAX);
            let place = Place { store_id: self.store_id, file_id: self.file_id, byte_offset };
            let rest = self.bytes.get(at..).unwrap_or_default();
            byte_offset = match ValidBatch::verify(place, rest) {
                Some(batch) => {
                    self.end_other(byte_offset, sink);
                    dump_batch(&batch, byte_offset, sink);
                    let after = byte_offset + u64::from(batch.header.batch_bytes);
                    let goes_on = batch.header.flags & FLAG_ROUND_CONTINUES != 0;
                    if goes_on { after } else { after.next_multiple_of(SECTOR_BYTES) }
                }
                None => {
                    self.other.get_or_insert(byte_offset);
                    // Past the byte at hand, also where a batch should have followed a batch.
                    (byte_offset + 1).next_multiple_of(SECTOR_BYTES)
                }
            };
        }
        self.end_other(end, sink);
    }

    /// Says what lay in a range that held no batch: nothing, or something.
    fn end_other(&mut self, to: u64, sink: &mut Sink<'_>) {
        let Some(from) = self.other.take() else { return };
        let range = |at: u64| usize::try_from(at).unwrap_or(usize::MAX);
        let bytes = self.bytes.get(range(from)..range(to)).unwrap_or_default();
        let zeros = bytes.iter().all(|&byte| byte == 0);
        let line = Line::new(if zeros { "zeros" } else { "no batch" });
        sink(line.number("from", from).number("to", to).finish());
    }
}

fn dump_batch(batch: &ValidBatch<'_>, byte_offset: u64, sink: &mut Sink<'_>) {
    let header = &batch.header;
    let line = Line::new("batch")
        .number("byteOffset", byte_offset)
        .number("bytes", u64::from(header.batch_bytes))
        .number("round", header.round)
        .number("position", header.position)
        .number("effects", u64::from(header.effect_count))
        .number("at", header.at)
        .number("retentionAt", header.retention_at)
        .number("mark", header.mark())
        .number("shard", u64::from(header.shard))
        .number("index", header.index)
        .number("term", u64::from(header.term))
        .truth("roundContinues", header.flags & FLAG_ROUND_CONTINUES != 0);
    sink(line.finish());
    for (position, (effect, _)) in (header.position..).zip(batch.iterate()) {
        sink(effect_line(position, &effect));
    }
}

fn effect_line(position: u64, effect: &Effect<'_>) -> String {
    let begin =
        |what| Line::new(what).number("position", position).text("chatId", effect.chat_id());
    let line = match effect {
        Effect::Record(record) => record_fields(begin("record"), record),
        Effect::Acks { marks_version, raises, .. } => {
            let line = begin("acks").number("marksVersion", u64::from(*marks_version));
            let all = [
                ("received", raise::RECEIVED),
                ("delivered", raise::DELIVERED),
                ("read", raise::READ),
                ("marksSeen", raise::MARKS_SEEN),
            ];
            // Each is a list of [seat, value].
            all.into_iter().fold(line, |line, (name, what)| {
                let of_kind = raises.iterate().filter(|raise| raise.what == what);
                line.pairs(name, of_kind.map(|raise| (u64::from(raise.seat), raise.value)))
            })
        }
        Effect::Join { consumer_id, seat, join_seq, received, roster, .. } => begin("join")
            .text("consumerId", consumer_id)
            .number("seat", u64::from(*seat))
            .number("joinSeq", *join_seq)
            .number("received", *received)
            .number("roster", *roster),
        Effect::Leave { seat, leave_seq, roster, .. } => begin("leave")
            .number("seat", u64::from(*seat))
            .number("leaveSeq", *leave_seq)
            .number("roster", *roster),
        Effect::Forget { seat, roster, .. } => {
            begin("forget").number("seat", u64::from(*seat)).number("roster", *roster)
        }
        Effect::Trim { floor, .. } => begin("trim").number("floor", *floor),
        Effect::DeleteRecords { ranges, .. } => {
            begin("deleteRecords").pairs("ranges", ranges.iterate())
        }
        Effect::DeleteChat { floor, roster, .. } => {
            begin("deleteChat").number("floor", *floor).number("roster", *roster)
        }
        Effect::Configure { keep, max_age_ms, keep_at_least_ms, max_bytes, .. } => {
            begin("configure")
                .number("keep", u64::from(*keep))
                .optional("maxAgeMs", *max_age_ms)
                .optional("keepAtLeastMs", *keep_at_least_ms)
                .optional("maxBytes", *max_bytes)
        }
    };
    line.finish()
}

/// What a dump says of a record, behind whose it is.
pub(crate) fn record_fields(line: Line, record: &RecordEffect<'_>) -> Line {
    let line = line
        .number("seq", record.seq)
        .number("at", record.at)
        .text("senderId", record.sender_id)
        .number("payloadBytes", record.payload.len() as u64)
        .number("kind", u64::from(record.record_kind))
        .truth("pin", record.pin)
        .optional("guardAfter", record.guard_after)
        .optional("seat", record.seat.map(|(seat, _)| u64::from(seat)));
    let line = match record.seat {
        Some((_, raises)) => line.truth("raisesReceived", raises),
        None => line,
    };
    match record.dedup {
        Some(hashes) => line
            .hex("dedupKeyHash", &hashes.key.to_be_bytes())
            .hex("dedupPayloadHash", &hashes.payload.to_be_bytes()),
        None => line,
    }
}
