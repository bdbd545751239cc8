//! Records from journal and segments, for one request or several.
//!
//! A request takes the state lock to learn where its records lie; the disk is read without a
//! lock. Records that lie close to each other in one file are read by one call, and handed over
//! where they were read to, so that a backlog costs no allocation per record.
//!
//! Invariants: requests are served in order, and share `bytes_max`; the first record is given
//! whatever its size. What is given of a request is a run without a hole: from its begin forwards,
//! or, of one that reads backwards, up to its end. With `Waiting::Never` no call waits for the device: the first that would
//! ends the whole read there.

mod sealed;
#[cfg(test)]
mod tests;

use std::io;

use self::sealed::Sealed;
use crate::env::{DiskFile, read_exact};
use crate::error::{Error, Result};
use crate::format::effect::Effect;
use crate::reader::{Places, Reader, Wanted};
use crate::state::pointer::Pointer;
use crate::view::{Gap, ReadFrom, ReadPart, ReadRequest, ReadStop, RecordView, Waiting};

/// Bytes between two records that are read along with them: less than a call costs.
const GAP_BYTES_MAX: u64 = 4096;
/// Bytes that one call reads, unless one record is larger.
const RUN_BYTES_MAX: u64 = 256 << 10;

/// Times that a read looks where its records are, as they moved or went meanwhile.
const TRIES_MAX: usize = 4;

/// What is left to give, and where bytes are read to.
struct Budget {
    bytes: u64,
    given: bool,
    waiting: Waiting,
    buffer: Vec<u8>,
}

/// Consecutive records that one call reads.
struct Run {
    file: u64,
    begin: u64,
    end: u64,
    count: usize,
}

/// What `visit` is given: the number of the request, and a record.
pub(crate) type Visit<'a> = &'a mut dyn FnMut(usize, &RecordView<'_>);

impl Reader {
    /// Serves several requests in order: each record goes to `visit` with the number of its
    /// request. `bytes_max` bounds all records together, but the first is given whatever its
    /// size. A request that was not reached comes back without records, and with why.
    pub fn read_many(
        &self,
        requests: &[ReadRequest<'_>],
        bytes_max: usize,
        waiting: Waiting,
        visit: Visit<'_>,
    ) -> Vec<ReadPart> {
        let bytes = bytes_max as u64;
        let mut budget = Budget { bytes, given: false, waiting, buffer: Vec::new() };
        let mut over: Option<ReadStop> = None;
        let parts = requests.iter().enumerate().map(|(number, request)| {
            let part = self.serve(request, over.as_ref(), &mut budget, &mut |record| {
                visit(number, record);
            });
            if matches!(part.stop, ReadStop::BytesMax | ReadStop::WouldWait) {
                over = Some(part.stop.clone());
            }
            part
        });
        parts.collect()
    }

    /// Serves one request; `over` is why those after an earlier one are given nothing.
    fn serve(
        &self,
        request: &ReadRequest<'_>,
        over: Option<&ReadStop>,
        budget: &mut Budget,
        visit: &mut dyn FnMut(&RecordView<'_>),
    ) -> ReadPart {
        let stopped = |stop| ReadPart { stop, ..ReadPart::default() };
        let (mut part, mut places) = match self.find(request, budget.waiting) {
            Ok(Some(found)) => found,
            Ok(None) => return stopped(ReadStop::WouldWait),
            Err(error) => return stopped(failed(error)),
        };
        let backwards = !matches!(request.from, ReadFrom::Seq(_));
        let is_cut = match self.keep_newest(&mut places, budget, backwards) {
            Ok(is_cut) => is_cut,
            Err(stop) => {
                part.stop = stop;
                return part;
            }
        };
        if is_cut {
            part.gap = None;
        }
        if let Some(stop) = over.filter(|_| !places.is_empty()) {
            part.stop = stop.clone();
            return part;
        }
        part.stop = self.give_all(request, places, budget, &mut part, visit);
        if is_cut && matches!(part.stop, ReadStop::Complete) {
            part.stop = ReadStop::BytesMax;
        }
        part
    }

    /// Gives the records of places. A journal file that was sealed meanwhile is looked for in
    /// segments; where the floor has passed them, what comes after it is given.
    fn give_all(
        &self,
        request: &ReadRequest<'_>,
        mut places: Places,
        budget: &mut Budget,
        part: &mut ReadPart,
        visit: &mut dyn FnMut(&RecordView<'_>),
    ) -> ReadStop {
        let chat_id = request.chat_id;
        for tries_left in (0..TRIES_MAX).rev() {
            let end = places.end();
            let mut next = places.begin();
            let mut visit = |record: &RecordView<'_>| {
                next = record.seq + 1;
                part.count += 1;
                visit(record);
            };
            let sealed = self.give_sealed(chat_id, &places, (budget, &mut part.gap), &mut visit);
            let (stop, has_passed) = match sealed {
                Sealed::Stopped(ReadStop::Complete) => {
                    (self.give(chat_id, &places.wanted, budget, &mut visit), false)
                }
                Sealed::Stopped(stop) => (stop, false),
                Sealed::Passed => (ReadStop::BytesMax, true),
            };
            let is_gone = || places.wanted.iter().any(|w| self.shared.file(w.pointer).is_none());
            let may_find = has_passed || (matches!(stop, ReadStop::Failed(_)) && is_gone());
            if tries_left == 0 || !may_find {
                return stop;
            }
            let limit = usize::try_from(end.saturating_sub(next)).unwrap_or(usize::MAX);
            let again = ReadRequest { chat_id, from: ReadFrom::Seq(next), limit };
            let found = match self.find(&again, budget.waiting) {
                Ok(Some((found, fresh))) => {
                    places = fresh;
                    found
                }
                Ok(None) => return ReadStop::WouldWait,
                Err(error) => return failed(error),
            };
            if found.gap.is_some() && part.count > 0 {
                // The next read begins with the gap.
                return ReadStop::BytesMax;
            }
            part.first_seq = found.first_seq;
            let begin = part.gap.map(|gap| gap.from_seq);
            let gap = found.gap.filter(|_| request.from != ReadFrom::Last);
            part.gap =
                gap.map(|gap| Gap { from_seq: begin.unwrap_or(gap.from_seq), ..gap }).or(part.gap);
        }
        unreachable!("the last try returns")
    }

    /// One record in the journal.
    pub(crate) fn one(
        &self,
        chat_id: &str,
        wanted: Wanted,
        visit: &mut dyn FnMut(&RecordView<'_>),
    ) -> Result<()> {
        let mut budget =
            Budget { bytes: 0, given: false, waiting: Waiting::Allowed, buffer: Vec::new() };
        match self.give(chat_id, &[wanted], &mut budget, visit) {
            ReadStop::Failed(error) => Err(error),
            _ => Ok(()),
        }
    }

    /// Reads and verifies records of one chat until something stops it.
    fn give(
        &self,
        chat_id: &str,
        wanted: &[Wanted],
        budget: &mut Budget,
        visit: &mut dyn FnMut(&RecordView<'_>),
    ) -> ReadStop {
        let mut rest = wanted;
        // Runs are tried again record by record where one cannot be read whole.
        let mut alone = 0;
        while !rest.is_empty() {
            let Some(run) = next_run(rest, budget, alone > 0) else { return ReadStop::BytesMax };
            let name = || format!("journal file {}", run.file);
            let Some(file) = rest.first().and_then(|first| self.shared.file(first.pointer)) else {
                return failed(Error::corrupt(name(), run.begin..run.end, "the file is gone"));
            };
            let length = usize::try_from(run.end - run.begin).unwrap_or(usize::MAX);
            if budget.buffer.len() < length {
                budget.buffer.resize(length, 0);
            }
            let buffer = budget.buffer.get_mut(..length).unwrap_or_default();
            let read = match read(&*file, run.begin, buffer, budget.waiting) {
                Ok(read) => read,
                Err(_) if run.count > 1 => {
                    alone = run.count;
                    continue;
                }
                Err(source) => {
                    return failed(Error::io("a record cannot be read", name(), source));
                }
            };
            let bytes = buffer.get(..read).unwrap_or_default();
            for wanted in rest.iter().take(run.count) {
                let begin = usize::try_from(wanted.pointer.byte_offset() - run.begin);
                let bytes = bytes.get(begin.unwrap_or(usize::MAX)..).unwrap_or_default();
                let length = wanted.pointer.length_bytes();
                if (bytes.len() as u64) < length {
                    return ReadStop::WouldWait;
                }
                match verified(bytes, chat_id, wanted) {
                    Ok(record) => visit(&record),
                    Err(error) => return failed(error),
                }
                budget.given = true;
                budget.bytes = budget.bytes.saturating_sub(length);
            }
            rest = rest.get(run.count..).unwrap_or_default();
            alone = alone.saturating_sub(run.count);
        }
        ReadStop::Complete
    }
}

fn failed(error: Error) -> ReadStop {
    ReadStop::Failed(error)
}

/// The records at the front that one call should read; none when the bytes are used up.
fn next_run(wanted: &[Wanted], budget: &Budget, alone: bool) -> Option<Run> {
    let first = wanted.first()?.pointer;
    let mut bytes = first.length_bytes();
    if budget.given && bytes > budget.bytes {
        return None;
    }
    let begin = first.byte_offset();
    let mut run = Run { file: first.file(), begin, end: begin + bytes, count: 1 };
    for next in wanted.iter().skip(1).map(|wanted| wanted.pointer) {
        let end = next.byte_offset() + next.length_bytes();
        bytes += next.length_bytes();
        let near = next.file() == run.file
            && (run.end..=run.end + GAP_BYTES_MAX).contains(&next.byte_offset())
            && end - run.begin <= RUN_BYTES_MAX;
        if alone || !near || bytes > budget.bytes {
            break;
        }
        run.end = end;
        run.count += 1;
    }
    Some(run)
}

/// Fills the buffer; says how much of it, where it must not wait for the device.
fn read(file: &dyn DiskFile, begin: u64, buffer: &mut [u8], waiting: Waiting) -> io::Result<usize> {
    match waiting {
        Waiting::Allowed => read_exact(file, begin, buffer).map(|()| buffer.len()),
        Waiting::Never => Ok(file.read_at_cached(begin, buffer)?.unwrap_or(0)),
    }
}

/// The record at the begin of `bytes`, which are long enough.
fn verified<'a>(bytes: &'a [u8], chat_id: &str, wanted: &Wanted) -> Result<RecordView<'a>> {
    let pointer: Pointer = wanted.pointer;
    let length = usize::try_from(pointer.length_bytes()).unwrap_or(usize::MAX);
    let bytes = bytes.get(..length).unwrap_or_default();
    view_of(bytes, chat_id, (wanted.seq, wanted.deleted)).map_err(|what| {
        let begin = pointer.byte_offset();
        let range = begin..begin + pointer.length_bytes();
        Error::corrupt(format!("journal file {}", pointer.file()), range, what)
    })
}

/// The record that these bytes are, or what is wrong with them.
fn view_of<'a>(
    bytes: &'a [u8],
    chat_id: &str,
    (seq, deleted): (u64, bool),
) -> std::result::Result<RecordView<'a>, &'static str> {
    let effect = Effect::decode(bytes).filter(Effect::body_verifies);
    let Some(Effect::Record(record)) = effect else {
        return Err("the record's checksum does not verify");
    };
    if record.seq != seq || record.chat_id != chat_id.as_bytes() {
        return Err("another record lies here");
    }
    Ok(RecordView {
        seq: record.seq,
        at: record.at,
        kind: record.record_kind,
        pin: record.pin,
        sender_id: record.sender_id,
        payload: if deleted { &[] } else { record.payload },
        deleted,
    })
}
