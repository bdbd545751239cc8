// A session driven by verbs: what goes in is a call, what comes out is actions as lines, so that a
// test reads as a transcript.

import type { CloseReason, FoqError } from '../../../protocol/index.js';
import { checkCommand, type WireEvent, type WireMap } from '../../../protocol/wire/index.js';
import type { Action } from '../actions.js';
import type { Answer } from '../services.js';
import { Session } from '../session.js';

export const ANN = { userId: 'ann', deviceId: 'phone' };

export interface Driven {
  readonly session: Session;
  now: number;
  commands(...maps: WireMap[]): string[];
  verified(ticket: number, who?: Partial<typeof ANN & { expiresAt: number }>): string[];
  done(ticket: number, fields?: object, events?: Answer['events']): string[];
  failed(ticket: number, error: FoqError): string[];
  message(chatId: string, seq: number): string[];
  events(...events: WireEvent[]): string[];
  /** Time passes, and the session is ticked. */
  after(ms: number): string[];
  goAway(): string[];
  closeAs(reason: CloseReason): string[];
}

/** A token of an hour. */
const HOUR_MS = 3_600_000;

export function aSession(): Driven {
  const session = new Session({ sessionId: 's', durability: 'fsync', openedAt: 0 });
  const driven: Driven = {
    session,
    now: 0,
    commands: (...maps) =>
      told(
        session.frame(
          maps.map((map) => checkCommand(map)),
          driven.now,
        ),
      ),
    verified: (ticket, who) => {
      const whole = { ...ANN, expiresAt: driven.now + HOUR_MS, ...who };
      return told(session.verified(ticket, whole, driven.now));
    },
    done: (ticket, fields = {}, events = []) => {
      return told(session.done(ticket, { fields, events }, driven.now));
    },
    failed: (ticket, error) => told(session.failed(ticket, error, driven.now)),
    message: (chatId, seq) => driven.events({ t: 'message', chatId, seq } as WireEvent),
    events: (...events) => {
      const many = events.map((event) => ({ event, encoded: () => new Uint8Array(0) }));
      return told(session.events(many, driven.now));
    },
    after: (ms) => {
      driven.now += ms;
      return told(session.tick(driven.now));
    },
    goAway: () => told(session.goAway(1_000, driven.now)),
    closeAs: (reason) => told(session.closeAs(reason, driven.now)),
  };
  return driven;
}

/** One that has said hello; the next ticket is 2. */
export function anOpenSession(who?: { expiresAt: number }): Driven {
  const driven = aSession();
  driven.commands({ t: 'hello', id: 0, token: 'x' });
  driven.verified(1, who);
  return driven;
}

export function told(actions: readonly Action[]): string[] {
  return actions.flatMap(line);
}

function line(action: Action): string[] {
  switch (action.do) {
    case 'send':
      return [outgoing(action.outgoing)];
    case 'stream':
      return action.events.map(({ event }) => outgoing(event));
    case 'verify':
      return [`verify #${action.ticket}`];
    case 'run':
      return [`run #${action.ticket} ${action.command.t}`];
    case 'attach':
    case 'flow':
      return [`${action.do} ${action.window.messages}`];
    case 'detach':
      return ['detach'];
    case 'acknowledged':
      return [`own ${action.chatId} ${action.seq}`];
    case 'close':
      return [`close ${action.code} ${action.reason}`];
  }
}

function outgoing(map: object): string {
  const { t, id, name, chatId, seq, serverAck, retryAfterMs } = map as Record<string, unknown>;
  const acked = serverAck as { seq: number } | undefined;
  const words = [
    ...[t, id === undefined ? '' : `@${String(id)}`, name],
    ...[chatId, seq === undefined ? '' : `${String(seq)}`],
    acked === undefined ? '' : `acked ${acked.seq}`,
    retryAfterMs === undefined ? '' : `in ${String(retryAfterMs)} ms`,
  ];
  return words.filter((word) => word !== undefined && word !== '').join(' ');
}
