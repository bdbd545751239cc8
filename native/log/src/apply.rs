//! Step 4 of a commit: a durable round changes the chat states, and its answers become available.

use crate::format::effect::{self, Effect};
use crate::judging::TOUCHED_AHEAD;
use crate::log::Log;
use crate::ops::Completion;
use crate::planted::{Bug, planted};
use crate::recovery::Progress;
use crate::round::Round;
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
        for (nth, placed) in round.effects.iter().enumerate() {
            if nth.is_multiple_of(TOUCHED_AHEAD) {
                for ahead in round.effects.iter().skip(nth).take(TOUCHED_AHEAD) {
                    states.touch(ahead.chat);
                    self.overlays.touch(ahead.chat);
                }
            }
            let bytes = round.bytes.get(placed.start as usize..).unwrap_or_default();
            let (Some((_, length)), Some(effect)) = (effect::lengths(bytes), Effect::decode(bytes))
            else {
                unreachable!("an assembled effect decodes");
            };
            let byte_offset = round.byte_offset + u64::from(placed.start);
            context.pointer = Pointer::new(round.file_id(), byte_offset, length as u64);
            states.apply(placed.chat, &effect, &context);
            context.position += 1;
            let head = states.chat(placed.chat).head;
            self.overlays.applied(placed.chat, round.number, head);
        }
        states.retention_now = round.retention_at;
        states.last_at = round.at;
        drop(states);
        self.durable = Progress {
            round: round.number,
            position: context.position - 1,
            at: round.at,
            retention_at: round.retention_at,
            marked: round.effects.is_empty(),
        };
        if planted(Bug::AckBeforeSync) {
            round.answers.clear();
        }
        self.ready.append(&mut round.answers);
        let due = |(rests_on, _): &mut (u64, Completion)| *rests_on <= round.number;
        self.ready.extend(self.waiting.extract_if(.., due).map(|(_, answer)| answer));
        self.buffers.give_back(round);
    }
}
