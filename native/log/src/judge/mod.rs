//! Judging: what an operation does, decided from overlay and state, and laid out as effects in
//! the round under construction. Nothing here waits, and no state changes.
//!
//! Rules that hold for every operation: before an effect of a chat, what time has ended there is
//! settled (`settle`); before any effect but a record, the chat's judged acks are laid out, so
//! that effects are applied in the order in which they were judged.

mod ack;
mod append;
mod membership;
mod retention;

use crate::error::Error;
use crate::format::effect::{RAISE_DELTA_MAX, Raise, fixed};
use crate::format::effect_writer::EffectWriter;
use crate::ladder::Room;
use crate::ops::Outcome;
use crate::options::Retention;
use crate::overlay::{Overlay, Overlays};
use crate::pack::Ask;
use crate::round::Round;
use crate::state::ChatIndex;
use crate::state::chat::ChatState;

/// What stays the same for one round.
pub(crate) struct JudgeContext<'a> {
    pub retention: &'a Retention,
    pub dedup_depth: usize,
    /// The retention clock of the round before.
    pub retention_now: u64,
    pub room: Room,
    pub free_bytes: u64,
    pub needed_bytes: u64,
    /// The journal is far larger than its window: appends wait until some of it is sealed.
    pub sealing_is_behind: bool,
}

/// Acks that are judged and in no round yet.
#[derive(Default)]
pub(crate) struct PendingAcks {
    /// Chats that may have some, oldest first.
    pub chats: Vec<ChatIndex>,
    /// Most bytes that laying them out takes.
    pub bytes: usize,
    /// Somebody waits for them.
    pub wanted: bool,
    /// Monotonic ms of the oldest.
    pub since_ms: Option<u64>,
}

/// What must be durable before an answer is given.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RestsOn {
    /// It is.
    Durable,
    /// A round that is on its way.
    Earlier(u64),
    /// The round under construction: an effect in it, or acks that are laid out at its end.
    ThisRound,
}

/// Judges the operations of one chat.
pub(crate) struct Judge<'a> {
    pub context: &'a JudgeContext<'a>,
    pub chat: ChatIndex,
    pub state: &'a ChatState,
    pub overlays: &'a mut Overlays,
    pub round: &'a mut Round,
    pub pending: &'a mut PendingAcks,
}

impl Judge<'_> {
    /// Judges one operation; `bytes` are its record or its chatId.
    pub fn judge(&mut self, ask: &Ask, bytes: &[u8]) -> Outcome {
        let judged = match ask {
            Ask::Plain => self.plain(bytes),
            Ask::Append(terms) => self.append(terms, bytes),
            Ask::Ack(terms) => self.ack(terms),
            Ask::Join { name, consumer_id, at } => self.join(*name, consumer_id, *at),
            Ask::Leave { name, join_seq } => self.leave(*name, *join_seq),
            Ask::Forget { name } => Ok(self.forget(*name)),
            Ask::Trim { up_to_seq } => self.trim(*up_to_seq),
            Ask::DeleteRecords { ranges } => self.delete_records(ranges),
            Ask::DeleteChat => self.delete_chat(),
            Ask::Configure { options } => self.configure(options),
            Ask::Refused(error) => Err((**error).clone()),
        };
        judged.unwrap_or_else(|error| Outcome::Failed(Box::new(error)))
    }

    /// What an answer about this chat rests on.
    pub fn rests_on(&self) -> RestsOn {
        match self.overlays.get(self.chat) {
            None => RestsOn::Durable,
            Some(overlay) if overlay.is_settled() => RestsOn::Durable,
            Some(overlay) if overlay.acks().is_empty() && overlay.round < self.round.number => {
                RestsOn::Earlier(overlay.round)
            }
            Some(_) => RestsOn::ThisRound,
        }
    }

    fn overlay(&mut self) -> &mut Overlay {
        self.overlays.begin(self.chat, self.state)
    }

    fn chat_id(&self) -> &[u8] {
        self.state.chat_id.as_bytes()
    }

    /// Mirrors `ChatState::settle` in the overlay.
    fn settle(&mut self) {
        let (state, now) = (self.state, self.context.retention_now);
        let store = self.context.retention;
        let overlay = self.overlays.begin(self.chat, state);
        let max_age_ms = overlay.retention(state, store).max_age_ms;
        let members = overlay.members(state);
        if members.is_some_and(|m| m.cursors.iter().any(|c| c.ended(max_age_ms, now))) {
            overlay.members_mut(state).drop_ended(max_age_ms, now);
        }
        if let Some(cold) = state.cold() {
            let members = overlay.members(state);
            let joined = |sender| members.is_some_and(|m| m.joined(sender).is_some());
            let expired: Vec<u64> = cold
                .rings
                .expired(max_age_ms, now, joined)
                .filter(|sender| !overlay.key_in_flight(*sender))
                .collect();
            if !expired.is_empty() {
                let round = self.round.number;
                let forgotten = expired.into_iter().map(|sender| (sender, round));
                overlay.more_mut().forgotten.extend(forgotten);
            }
        }
        overlay.floor = overlay.floor_at(state, store, now);
    }

    /// Notes an effect whose bytes begin at `start`.
    fn placed(&mut self, start: usize) {
        self.round.note_effect(self.chat, start);
        let round = self.round.number;
        self.overlay().placed_in(round);
    }

    /// Lays out an effect that is not a record, after the chat's judged acks.
    fn lay_out(
        &mut self,
        write: impl FnOnce(&mut EffectWriter<'_>, &[u8]) -> std::ops::Range<usize>,
    ) {
        let range = {
            let chat_id = self.state.chat_id.as_bytes();
            write(&mut EffectWriter::new(&mut self.round.bytes), chat_id)
        };
        self.placed(range.start);
    }

    /// Lays out the chat's judged acks.
    pub fn flush_acks(&mut self) {
        if self.overlay().acks().is_empty() {
            return;
        }
        let acks = std::mem::take(&mut self.overlay().more_mut().acks);
        let state = self.state;
        let version = self.overlay().members(state).map_or(0, |members| members.marks_version);
        let mut rest = acks.as_slice();
        while let Some(first) = rest.first() {
            let (mut least, mut most) = (first.value, first.value);
            let near = rest.iter().take(usize::from(u16::MAX)).take_while(|raise| {
                least = least.min(raise.value);
                most = most.max(raise.value);
                most - least <= RAISE_DELTA_MAX
            });
            let (section, after) = rest.split_at(near.count());
            let base = section.iter().map(|raise| raise.value).max().unwrap_or_default();
            self.lay_out(|writer, chat| writer.acks(chat, version, base, section));
            rest = after;
        }
        let bytes = ack_bytes(&acks, self.chat_id().len());
        self.pending.bytes = self.pending.bytes.saturating_sub(bytes);
    }

    fn refuse_without_room(&self, refused_from: Room) -> Result<(), Error> {
        if self.context.room < refused_from {
            return match self.context.sealing_is_behind && refused_from == Room::NoAppends {
                true => Err(Error::Busy { what: "the journal is twice its window" }),
                false => Ok(()),
            };
        }
        Err(Error::DiskFull {
            free_bytes: self.context.free_bytes,
            needed_bytes: self.context.needed_bytes,
        })
    }
}

/// Most bytes that these raises of one chat take in a round.
pub(crate) fn ack_bytes(acks: &[Raise], chat_bytes: usize) -> usize {
    let raises = acks.iter().map(|raise| raise_bytes(raise, chat_bytes));
    section_bytes(chat_bytes) + raises.sum::<usize>()
}

/// Bytes of a section of a chat's acks, without its raises.
fn section_bytes(chat_bytes: usize) -> usize {
    fixed::ACKS + chat_bytes + 8
}

/// Most bytes that one more raise takes: it may be too far from the others for their section.
fn raise_bytes(raise: &Raise, chat_bytes: usize) -> usize {
    let is_far = raise.value > RAISE_DELTA_MAX;
    fixed::RAISE + if is_far { section_bytes(chat_bytes) } else { 0 }
}

impl JudgeContext<'_> {
    /// Whether the disk has no room for what is asked: it lays nothing out then.
    pub fn refuses(&self, ask: &Ask) -> bool {
        match ask {
            Ask::Plain | Ask::Append(_) => self.room >= Room::NoAppends,
            Ask::Join { .. } => self.room >= Room::NoJoins,
            _ => false,
        }
    }
}

/// The answer about a chat that nobody has touched yet; `None` where the operation makes it.
pub(crate) fn never_seen(ask: &Ask) -> Option<Outcome> {
    let failed = |error| Some(Outcome::Failed(Box::new(error)));
    match ask {
        Ask::Plain | Ask::Append(_) | Ask::Join { .. } | Ask::Configure { .. } => None,
        Ask::Refused(error) => Some(Outcome::Failed(error.clone())),
        Ask::Ack(terms) => failed(Error::NotJoined { consumer_id: terms.consumer_id.to_string() }),
        Ask::DeleteRecords { ranges } if !ranges.is_empty() => {
            failed(Error::SeqOutOfRange { head_seq: 0 })
        }
        Ask::Leave { .. }
        | Ask::Forget { .. }
        | Ask::Trim { .. }
        | Ask::DeleteRecords { .. }
        | Ask::DeleteChat => Some(Outcome::Done),
    }
}
