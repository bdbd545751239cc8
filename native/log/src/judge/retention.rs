//! Trims, deletes and overrides.

use super::Judge;
use crate::error::Error;
use crate::ops::{ChatOptions, Outcome};
use crate::state::chat::{DELETED_RANGES_MAX, merged_ranges};

impl Judge<'_> {
    pub(super) fn trim(&mut self, up_to_seq: u64) -> Result<Outcome, Error> {
        self.settle();
        let overlay = self.overlay();
        let floor = up_to_seq.min(overlay.head) + 1;
        if floor > overlay.floor {
            self.flush_acks();
            self.overlay().floor = floor;
            self.lay_out(|writer, chat| writer.trim(chat, floor));
        }
        Ok(Outcome::Done)
    }

    pub(super) fn delete_records(&mut self, ranges: &[(u64, u64)]) -> Result<Outcome, Error> {
        self.settle();
        let state = self.state;
        let overlay = self.overlay();
        let (head_seq, floor) = (overlay.head, overlay.floor);
        if ranges.iter().any(|&(_, to)| to > head_seq) {
            return Err(Error::SeqOutOfRange { head_seq });
        }
        let stored = || state.cold().map(|cold| cold.deleted.clone()).unwrap_or_default();
        let existing = overlay.more_mut().deleted.clone().unwrap_or_else(stored);
        let merged = merged_ranges(&existing, ranges.iter().copied(), floor);
        if merged.len() > DELETED_RANGES_MAX {
            return Err(Error::Busy { what: "deleted ranges of this chat; trim, or wait" });
        }
        let pinned = overlay.pinned(state).filter(|&(seq, deleted)| {
            !deleted && ranges.iter().any(|&(from, to)| (from..=to).contains(&seq))
        });
        let changes = merged != merged_ranges(&existing, std::iter::empty(), floor);
        if changes || pinned.is_some() {
            self.flush_acks();
            let more = self.overlay().more_mut();
            more.deleted = Some(merged);
            if let Some((seq, _)) = pinned {
                more.pinned = Some(Some((seq, true)));
            }
            self.lay_out(|writer, chat| writer.delete_records(chat, ranges));
        }
        Ok(Outcome::Done)
    }

    pub(super) fn delete_chat(&mut self) -> Result<Outcome, Error> {
        self.settle();
        let state = self.state;
        let overlay = self.overlay();
        let (roster, anyone) = overlay
            .members(state)
            .map_or((0, false), |members| (members.roster, members.joined_count() > 0));
        if overlay.head == 0 && roster == 0 {
            return Ok(Outcome::Done);
        }
        self.flush_acks();
        let overlay = self.overlay();
        let (floor, roster) = (overlay.head + 1, roster + u64::from(anyone));
        overlay.floor = floor;
        overlay.more_mut().deleted = Some(Vec::new());
        overlay.more_mut().pinned = Some(None);
        let members = overlay.members_mut(state);
        members.roster = roster;
        members.cursors.clear();
        self.lay_out(|writer, chat| writer.delete_chat(chat, floor, roster));
        Ok(Outcome::Done)
    }

    pub(super) fn configure(&mut self, options: &ChatOptions) -> Result<Outcome, Error> {
        self.settle();
        self.flush_acks();
        let (state, store) = (self.state, self.context.retention);
        self.overlay().configure(state, store, *options);
        let keep = options.keep.map_or(0, |keep| keep.byte());
        let limits = [options.max_age_ms, options.keep_at_least_ms, options.max_bytes];
        self.lay_out(|writer, chat| writer.configure(chat, keep, limits));
        Ok(Outcome::Done)
    }
}
