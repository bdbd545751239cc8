// How a command is refused. A chat that the caller is no member of is a chat that does not exist:
// no code, number or list tells the two apart.
//
// Invariant: what an engine error would tell of a chat (its roster, guard or head) is told only
// when the caller is joined.

import { type CursorView, FoqError, type Queue } from '../../protocol/index.js';
import { isChatLayerId } from './chat-ids.js';
import { isStandIn } from './stand-ins.js';

export function chatNotFound(): FoqError {
  const message = 'There is no such chat, or you are no member of it.';
  return new FoqError('FOQ_CHAT_NOT_FOUND', { message });
}

export function forbidden(message: string): FoqError {
  return new FoqError('FOQ_FORBIDDEN', { message });
}

export function invalid(field: string, reason: string): FoqError {
  const details = { field, reason };
  return new FoqError('FOQ_INVALID_ARGUMENT', {
    message: `The field ${field} ${reason}.`,
    details,
  });
}

/** Throws for a chat that is not the chat layer's. */
export function checkChat(chatId: string): void {
  if (!isChatLayerId(chatId)) throw chatNotFound();
}

export function hasCode(error: unknown, ...codes: readonly FoqError['code'][]): boolean {
  return error instanceof FoqError && codes.includes(error.code);
}

/** The caller's own cursor, where the device is joined and not on its way out. */
export function joinedCursor(
  cursors: readonly CursorView[],
  consumerId: string,
): CursorView | undefined {
  return cursors.find((cursor) => cursor.consumerId === consumerId && isJoined(cursor));
}

export function isJoined({ leaveSeq }: CursorView): boolean {
  return leaveSeq === undefined;
}

export interface Refused {
  readonly queue: Queue;
  readonly chatId: string;
  /** Who sends. */
  readonly consumerId: string;
  /** Devices that the message has envelopes for. */
  readonly addressed: readonly string[];
}

/** The engine's refusal of an append, as this sender may know it. */
export async function refusalOf(error: unknown, refused: Refused): Promise<unknown> {
  if (hasCode(error, 'FOQ_NOT_JOINED')) return chatNotFound();
  if (!hasCode(error, 'FOQ_ROSTER_STALE', 'FOQ_GUARD_CONFLICT', 'FOQ_HEAD_CONFLICT')) return error;
  const { queue, chatId, consumerId, addressed } = refused;
  const cursors = await queue.cursors(chatId);
  if (joinedCursor(cursors, consumerId) === undefined) return chatNotFound();
  if (!(error instanceof FoqError) || error.code !== 'FOQ_ROSTER_STALE') return error;
  const joined = cursors.filter(isJoined).map((cursor) => cursor.consumerId);
  const others = joined.filter((id) => id !== consumerId && !isStandIn(id));
  const details = {
    ...error.details,
    missing: others.filter((id) => !addressed.includes(id)),
    extra: addressed.filter((id) => !joined.includes(id)),
  };
  return new FoqError('FOQ_ROSTER_STALE', { details, cause: error });
}
