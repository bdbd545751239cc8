// Says who still holds a record, and when it goes at the latest. Pure: everything it rests on is
// passed in. The floor itself is computed by the store (docs/guarantees.md, I18 and I21).

import type { CursorView, Keep, Why } from '../protocol/index.js';
import type { CursorRow } from './native-types.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Ages of at least this have the grain of a day, shorter ones that of an hour. */
const DAY_GRAIN_MS = 48 * HOUR_MS;
/** An idle store looks at the time so often. */
const TICK_MS = 60_000;

export interface WhyInput {
  readonly chatId: string;
  readonly seq: number;
  readonly firstSeq: number;
  readonly headSeq: number;
  readonly cursors: readonly CursorRow[];
  /** Of the chat, or of the store where the chat has none of its own. */
  readonly keep: Keep;
  readonly maxAgeMs: number;
  /** 0 is no limit. */
  readonly maxBytes: number;
  /** Undefined when it cannot be read any more. */
  readonly record: { readonly at: number; readonly deleted: boolean } | undefined;
  readonly pinnedSeq: number | undefined;
  /** It is missing where it should be. */
  readonly isDamaged?: boolean;
}

export function whyOf(input: WhyInput): Why {
  const { chatId, seq, headSeq, record } = input;
  const pinned = input.pinnedSeq === seq;
  const about = { chatId, seq, pinned };
  if (seq > headSeq) {
    const text = `${seq} is not written yet: the head of the chat is ${headSeq}.`;
    return { ...about, state: 'not-yet', heldBy: [], text };
  }
  if (input.isDamaged === true) {
    const text = `${seq} was lost to damage: readers get a gap that says so.`;
    return { ...about, state: 'damaged', heldBy: [], text };
  }
  if (record === undefined || record.deleted) {
    return { ...about, state: 'gone', heldBy: [], text: goneText(input) };
  }
  const heldBy = input.cursors.filter((cursor) => lacks(cursor, seq)).map(viewOf);
  const goneBy = pinned || input.keep === 'forever' ? undefined : latest(record.at, input.maxAgeMs);
  const text = keptText(input, { heldBy, pinned, goneBy });
  const kept = { ...about, state: 'kept', heldBy, text } as const;
  return goneBy === undefined ? kept : { ...kept, goneBy };
}

/** Whether the consumer gets this seq and has not received it. */
function lacks({ joinSeq, received, leaveSeq, holes }: CursorRow, seq: number): boolean {
  if (seq <= received || seq > (leaveSeq ?? Number.POSITIVE_INFINITY)) return false;
  // A closing consumer that came back keeps what it had to get before; holes say what lies between.
  if (holes.length === 0 && seq < joinSeq && received >= joinSeq - 1) return false;
  return !holes.some(([fromSeq, toSeq]) => seq >= fromSeq && seq <= toSeq);
}

export function viewOf({
  consumerId,
  joinSeq,
  received,
  delivered,
  read,
  leaveSeq,
}: CursorRow): CursorView {
  const view: CursorView = { consumerId, joinSeq, received, delivered, read };
  return leaveSeq === undefined ? view : { ...view, leaveSeq };
}

/** All of an hour, or of a day, goes together when the last of it is too old. */
function latest(at: number, maxAgeMs: number): number {
  const grainMs = maxAgeMs >= DAY_GRAIN_MS ? DAY_MS : HOUR_MS;
  return (Math.floor(at / grainMs) + 1) * grainMs + maxAgeMs + TICK_MS;
}

function goneText({ seq, firstSeq, record }: WhyInput): string {
  if (record?.deleted === true) return `${seq} was deleted; its seq stays as a tombstone.`;
  return `${seq} is gone: the chat begins at ${firstSeq}.`;
}

function keptText(
  { seq, keep, cursors, maxBytes }: WhyInput,
  {
    heldBy,
    pinned,
    goneBy,
  }: { heldBy: readonly CursorView[]; pinned: boolean; goneBy?: number | undefined },
): string {
  if (pinned) return `${seq} is the pinned record of the chat and stays until another is pinned.`;
  if (goneBy === undefined) {
    const removes = maxBytes === 0 ? 'trim or delete' : 'trim, delete or maxBytes';
    return `${seq} is kept for ever; only ${removes} remove it.`;
  }
  const end = `it goes at the latest at ${new Date(goneBy).toISOString()}`;
  if (keep === 'window') return `${seq} is kept for its age alone; ${end}.`;
  if (cursors.length === 0) return `${seq} is held by nobody, and kept for its age; ${end}.`;
  if (heldBy.length === 0) {
    return `${seq} was received by all; records below it, or keepAtLeast, keep it; ${end}.`;
  }
  return `${seq} is held by ${namesOf(heldBy)}; ${end}.`;
}

/** The first few, and how many more. */
function namesOf(cursors: readonly CursorView[]): string {
  const shown = cursors.slice(0, 5).map(({ consumerId }) => consumerId);
  const more = cursors.length - shown.length;
  return more > 0 ? `${shown.join(', ')} and ${more} more` : shown.join(', ');
}
