// What commands mean to the session they come from: which of them append, and which seqs their
// replies tell.

import type { Command, CommandOf } from '../../protocol/wire/index.js';
import type { ChatCommand, SessionCommandName } from './services.js';

const OF_THE_SESSION: readonly string[] = ['hello', 'auth', 'ping', 'flow', 'bye'];

export function isSessionCommand(command: Command): command is CommandOf<SessionCommandName> {
  return OF_THE_SESSION.includes(command.t);
}

/**
 * The chat that a command writes to; undefined for one that only reads or acks. A chat that is to
 * be made has no id before it is there, and is the empty text.
 */
export function appendsTo(command: ChatCommand): string | undefined {
  if (command.t === 'createChat') return '';
  if (command.t === 'sendMessage' || command.t === 'updateChat') return command.chatId;
  return undefined;
}

interface Told {
  readonly seq?: number;
  readonly chatId?: string;
  readonly created?: boolean;
}

/** The seqs that the reply of a command says are durable. */
export function newSeqsOf(command: Command, fields: object): { chatId: string; seq: number }[] {
  const told = 'serverAck' in fields ? fields.serverAck : fields;
  const chatId = 'chatId' in command ? command.chatId : undefined;
  if (isSessionCommand(command) || appendsTo(command) === undefined) return [];
  const { seq, chatId: made, created = true } = told as Told;
  if (!created) return [];
  const place = chatId ?? made;
  return seq === undefined || place === undefined ? [] : [{ chatId: place, seq }];
}
