//! The part of a read that lies in segments.

use std::ops::Range;

use super::{Budget, failed, view_of};
use crate::error::{Error, Result};
use crate::hash::ChatKey;
use crate::planted::{Bug, planted};
use crate::reader::{Places, Reader};
use crate::sealed_records::{SealedRecords, SealedStep};
use crate::seen::Seen;
use crate::view::{Gap, GapReason, ReadStop, RecordView, Waiting};

/// How giving the sealed records ended.
pub(super) enum Sealed {
    Stopped(ReadStop),
    /// The floor has passed where they begin: they are to be looked for again.
    Passed,
}

fn damaged(seqs: Range<u64>) -> Gap {
    Gap { from_seq: seqs.start, to_seq: seqs.end - 1, reason: GapReason::Damaged }
}

impl Places {
    pub(super) fn is_empty(&self) -> bool {
        self.sealed.is_empty() && self.wanted.is_empty()
    }

    /// The first seq.
    pub(super) fn begin(&self) -> u64 {
        if self.sealed.is_empty() {
            self.wanted.first().map_or(self.sealed.end, |wanted| wanted.seq)
        } else {
            self.sealed.start
        }
    }

    /// The seq after the last.
    pub(super) fn end(&self) -> u64 {
        self.wanted.last().map_or(self.sealed.end, |wanted| wanted.seq + 1)
    }

    fn is_deleted(&self, seq: u64) -> bool {
        self.deleted.iter().any(|&(from, to)| (from..=to).contains(&seq))
    }
}

impl Reader {
    /// Who reads backwards goes on below the oldest record he was given, so those that do not fit
    /// are the oldest. Says whether there are any; `Err` where the read stops for now.
    pub(super) fn keep_newest(
        &self,
        places: &mut Places,
        budget: &Budget,
        backwards: bool,
    ) -> std::result::Result<bool, ReadStop> {
        if !backwards {
            return Ok(false);
        }
        let mut bytes: u64 = 0;
        let mut fits = |length: u64| {
            bytes = bytes.saturating_add(length);
            bytes <= budget.bytes
        };
        let wanted = &mut places.wanted;
        let fitting =
            wanted.iter().rev().take_while(|wanted| fits(wanted.pointer.length_bytes())).count();
        let fitting = match wanted.is_empty() {
            true => 0,
            false => fitting.max(usize::from(!budget.given)),
        };
        let left_out = wanted.len() - fitting;
        wanted.drain(..left_out);
        if left_out > 0 || places.sealed.is_empty() {
            let cut = left_out > 0 || !places.sealed.is_empty();
            places.sealed = places.sealed.end..places.sealed.end;
            return Ok(cut);
        }
        let lengths = self.lengths(places.key, &places.sealed, budget.waiting).map_err(failed)?;
        let Some(lengths) = lengths else { return Err(ReadStop::WouldWait) };
        let alone = places.wanted.is_empty() && !budget.given;
        let fitting = lengths.iter().rev().take_while(|&&(_, length)| fits(length)).count();
        let fitting = fitting.max(usize::from(alone)).min(lengths.len());
        let left_out = lengths.len() - fitting;
        if left_out > 0 {
            let first = lengths.get(left_out).map_or(places.sealed.end, |&(seq, _)| seq);
            places.sealed.start = first;
        }
        Ok(left_out > 0)
    }

    /// Seqs and lengths of sealed records.
    fn lengths(
        &self,
        key: ChatKey,
        seqs: &Range<u64>,
        waiting: Waiting,
    ) -> Result<Option<Vec<(u64, u64)>>> {
        self.shared.catalog.look(|set| {
            let Some(mut records) = SealedRecords::new(set, key, seqs, waiting)? else {
                return Ok(None);
            };
            let mut lengths = Vec::new();
            loop {
                match records.next(waiting)? {
                    SealedStep::Record(seq, bytes) => lengths.push((seq, bytes.len() as u64)),
                    SealedStep::End => return Ok(Some(lengths)),
                    SealedStep::WouldWait => return Ok(None),
                }
            }
        })
    }

    /// Gives the sealed records of places. What is missing at the front becomes a gap; what is
    /// missing further on ends the read before it, and the next one begins with the gap.
    pub(super) fn give_sealed(
        &self,
        chat_id: &str,
        places: &Places,
        (budget, gap): (&mut Budget, &mut Option<Gap>),
        visit: &mut dyn FnMut(&RecordView<'_>),
    ) -> Sealed {
        let mut next = places.sealed.start;
        let waiting = budget.waiting;
        while next < places.sealed.end {
            let seqs = next..places.sealed.end;
            let begun = next;
            let mut hole = None;
            let set = self.shared.catalog.set();
            let given = self.give_from(&set, chat_id, (places, seqs), budget, &mut |record| {
                if record.seq > next && next > places.sealed.start {
                    return false;
                }
                if record.seq > next {
                    hole = self.hole(places.key, next..record.seq, waiting).err();
                    if hole.is_some() {
                        return false;
                    }
                    *gap = Some(damaged(next..record.seq));
                }
                next = record.seq + 1;
                visit(record);
                true
            });
            if let Some(hole) = hole {
                return hole;
            }
            match given {
                // Tables that were replaced meanwhile: on with those that took their place.
                Err(_) if !std::sync::Arc::ptr_eq(&set, &self.shared.catalog.set()) => {}
                Err(error) => return Sealed::Stopped(failed(error)),
                Ok(ReadStop::Complete) if next < places.sealed.end => {
                    if next > begun || next > places.sealed.start {
                        return Sealed::Stopped(ReadStop::BytesMax);
                    }
                    // Nothing is left of them: what follows in the journal comes after a gap.
                    let seqs = next..places.sealed.end;
                    if let Err(hole) = self.hole(places.key, seqs.clone(), waiting) {
                        return hole;
                    }
                    *gap = Some(damaged(seqs));
                    return Sealed::Stopped(ReadStop::Complete);
                }
                Ok(stop) => return Sealed::Stopped(stop),
            }
        }
        Sealed::Stopped(ReadStop::Complete)
    }

    /// No table has these seqs. Fails where that is no damage: the chat's floor has risen since they
    /// were looked for, and what it passed was removed.
    fn hole(
        &self,
        key: ChatKey,
        seqs: Range<u64>,
        waiting: Waiting,
    ) -> std::result::Result<(), Sealed> {
        if planted(Bug::HoleWithoutLook) {
            return Ok(());
        }
        let floor =
            |seen: Seen<'_>| seen.chat.map_or(1, |chat| self.floor(chat, seen.retention_now));
        match self.see(key, waiting, floor) {
            Ok(Some(floor)) if floor > seqs.start => Err(Sealed::Passed),
            Ok(Some(_)) => Ok(()),
            Ok(None) => Err(Sealed::Stopped(ReadStop::WouldWait)),
            Err(error) => Err(Sealed::Stopped(failed(error))),
        }
    }

    fn give_from(
        &self,
        set: &crate::catalog::TableSet,
        chat_id: &str,
        (places, seqs): (&Places, Range<u64>),
        budget: &mut Budget,
        visit: &mut dyn FnMut(&RecordView<'_>) -> bool,
    ) -> Result<ReadStop> {
        let waiting = budget.waiting;
        let Some(mut records) = SealedRecords::new(set, places.key, &seqs, waiting)? else {
            return Ok(ReadStop::WouldWait);
        };
        loop {
            let (seq, bytes) = match records.next(waiting)? {
                SealedStep::Record(seq, bytes) => (seq, bytes),
                SealedStep::End => return Ok(ReadStop::Complete),
                SealedStep::WouldWait => return Ok(ReadStop::WouldWait),
            };
            let length = bytes.len() as u64;
            if budget.given && length > budget.bytes {
                return Ok(ReadStop::BytesMax);
            }
            let record = view_of(bytes, chat_id, (seq, places.is_deleted(seq)))
                .map_err(|what| Error::corrupt("a segment", 0..0, what))?;
            if !visit(&record) {
                return Ok(ReadStop::Complete);
            }
            budget.given = true;
            budget.bytes = budget.bytes.saturating_sub(length);
        }
    }

    /// One sealed record.
    pub(crate) fn one_sealed(
        &self,
        key: ChatKey,
        (chat_id, seq, deleted): (&str, u64, bool),
        visit: &mut dyn FnMut(&RecordView<'_>),
    ) -> Result<()> {
        self.shared.catalog.look(|set| {
            let seqs = seq..seq + 1;
            let Some(mut records) = SealedRecords::new(set, key, &seqs, Waiting::Allowed)? else {
                return Ok(());
            };
            if let SealedStep::Record(seq, bytes) = records.next(Waiting::Allowed)? {
                let record = view_of(bytes, chat_id, (seq, deleted))
                    .map_err(|what| Error::corrupt("a segment", 0..0, what))?;
                visit(&record);
            }
            Ok(())
        })
    }
}
