// What a session asks of its connection, and what makes one.

import { CLOSE_CODES, type CloseReason } from '../../protocol/index.js';
import type { Outgoing } from '../../protocol/wire/index.js';
import type { ChatCommand, StreamEvent, Window } from './services.js';

export type Action =
  | { readonly do: 'send'; readonly outgoing: Outgoing }
  /** Events of the stream, in order; all of them are of other senders' making. */
  | { readonly do: 'stream'; readonly events: readonly StreamEvent[] }
  /** Answered by `verified` or `failed` with the ticket. */
  | { readonly do: 'verify'; readonly ticket: number; readonly token: string }
  /** Answered by `done` or `failed` with the ticket. */
  | { readonly do: 'run'; readonly ticket: number; readonly command: ChatCommand }
  /** The device was told of a record of its own. */
  | { readonly do: 'acknowledged'; readonly chatId: string; readonly seq: number }
  | { readonly do: 'attach'; readonly window: Window }
  | { readonly do: 'detach' }
  | { readonly do: 'flow'; readonly window: Window }
  /** Nothing follows. */
  | { readonly do: 'close'; readonly code: number; readonly reason: string };

/** The close code of a device that said `bye`, as WebSocket has it. */
const CODE_NORMAL = 1000;

export function send(outgoing: Outgoing | undefined): Action[] {
  return outgoing === undefined ? [] : [{ do: 'send', outgoing }];
}

export function stream(events: readonly StreamEvent[]): Action[] {
  return events.length === 0 ? [] : [{ do: 'stream', events }];
}

export function close(reason: CloseReason | 'BYE'): Action {
  return { do: 'close', code: reason === 'BYE' ? CODE_NORMAL : CLOSE_CODES[reason], reason };
}
