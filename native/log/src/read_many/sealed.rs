//! The part of a read that lies in segments.

use std::ops::Range;

use super::{Budget, failed, view_of};
use crate::error::{Error, Result};
use crate::hash::ChatKey;
use crate::reader::{Places, Reader};
use crate::sealed_records::{SealedRecords, SealedStep};
use crate::view::{Gap, GapReason, ReadStop, RecordView, Waiting};

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
    ) -> ReadStop {
        let mut next = places.sealed.start;
        while next < places.sealed.end {
            let seqs = next..places.sealed.end;
            let begun = next;
            let set = self.shared.catalog.set();
            let given = self.give_from(&set, chat_id, (places, seqs), budget, &mut |record| {
                if record.seq > next && next > places.sealed.start {
                    return false;
                }
                if record.seq > next {
                    let reason = GapReason::Damaged;
                    *gap = Some(Gap { from_seq: next, to_seq: record.seq - 1, reason });
                }
                next = record.seq + 1;
                visit(record);
                true
            });
            match given {
                // Tables that were replaced meanwhile: on with those that took their place.
                Err(_) if !std::sync::Arc::ptr_eq(&set, &self.shared.catalog.set()) => {}
                Err(error) => return failed(error),
                Ok(ReadStop::Complete) if next < places.sealed.end => {
                    return if next > begun || next > places.sealed.start {
                        ReadStop::BytesMax
                    } else {
                        // Nothing is left of them: what follows in the journal comes after a gap.
                        let (from_seq, to_seq) = (next, places.sealed.end - 1);
                        *gap = Some(Gap { from_seq, to_seq, reason: GapReason::Damaged });
                        ReadStop::Complete
                    };
                }
                Ok(stop) => return stop,
            }
        }
        ReadStop::Complete
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
