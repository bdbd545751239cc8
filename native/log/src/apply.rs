//! Step 4 of a commit: a durable round changes the chat states, and its answers become available.

use crate::format::effect::Effect;
use crate::judging::TOUCHED_AHEAD;
use crate::log::Log;
use crate::ops::Completion;
use crate::planted::{Bug, planted};
use crate::recovery::Progress;
use crate::round::{PlacedEffect, Round};
use crate::state::States;
use crate::state::chat::ApplyContext;
use crate::state::pointer::Pointer;

impl Log {
    /// Step 4: the round is durable. Chat states change, answers become available.
    pub fn apply(&mut self, mut round: Round) {
        assert_eq!(round.number, self.durable.round + 1, "rounds are applied in order");
        let shared = std::sync::Arc::clone(&self.shared);
        let mut states = shared.states.write();
        let mut context = ApplyContext {
            hashes: shared.hashes,
            retention: &shared.options.retention,
            dedup_depth: usize::from(self.options.dedup_depth),
            retention_now: states.retention_now,
            at: round.at,
            position: round.position,
            pointer: Pointer::new(round.file_id(), round.byte_offset, 0),
        };
        self.noting.begin(&shared.news, &states, &round);
        let file_id = round.file_id();
        let ends = round.effects.iter().skip(1).map(|next| next.start).chain([round.batch_bytes]);
        for (nth, (placed, end)) in round.effects.iter().zip(ends).enumerate() {
            if nth.is_multiple_of(TOUCHED_AHEAD) {
                self.touch_ahead(&states, round.effects.get(nth..).unwrap_or_default());
            }
            let byte_offset = round.byte_offset + u64::from(placed.start);
            context.pointer = Pointer::new(file_id, byte_offset, u64::from(end - placed.start));
            let head = match placed.plain_seq {
                0 => {
                    let bytes = round.bytes.get(placed.start as usize..end as usize);
                    let Some(effect) = bytes.and_then(Effect::decode) else {
                        unreachable!("an assembled effect decodes");
                    };
                    shared.catalog.note_age(effect.longest_age_ms());
                    states.apply(placed.chat, &effect, &context)
                }
                seq => states.apply_plain(placed.chat, seq, &context),
            };
            context.position += 1;
            self.overlays.applied(placed.chat, round.number, head);
        }
        states.retention_now = round.retention_at;
        states.round = round.number;
        states.last_at = round.at;
        states.position = context.position - 1;
        self.noting.end(&shared.news, &states);
        drop(states);
        self.durable = Progress {
            round: round.number,
            position: context.position - 1,
            at: round.at,
            retention_at: round.retention_at,
            marked: round.effects.is_empty(),
        };
        let file_id = round.file_id();
        let part = self.journal.iter_mut().rev().find(|part| part.file.file_id == file_id);
        if let Some(part) = part {
            part.end = self.durable;
        }
        if planted(Bug::AckBeforeSync) {
            round.answers.clear();
        }
        self.ready.append(&mut round.answers);
        let due = |(rests_on, _): &mut (u64, Completion)| *rests_on <= round.number;
        self.ready.extend(self.waiting.extract_if(.., due).map(|(_, answer)| answer));
        self.buffers.give_back(round);
    }

    /// Loads what the first effects need in full, and begins to load what the next ones need.
    fn touch_ahead(&self, states: &States, effects: &[PlacedEffect]) {
        for placed in effects.iter().take(TOUCHED_AHEAD) {
            states.touch_end(placed.chat);
            self.overlays.touch_overlay(placed.chat);
        }
        for placed in effects.iter().skip(TOUCHED_AHEAD).take(TOUCHED_AHEAD) {
            states.touch(placed.chat);
            self.overlays.touch(placed.chat);
        }
    }
}
