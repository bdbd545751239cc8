// One connection of a device, as a pure state machine: decoded frames, results of commands, events
// of the stream and the passing of time go in; what is to be done comes out, in order. It has no
// clock, no socket and no promise.
//
// Invariants: nothing but `hello` is taken before its token is verified; every command with an id
// gets one reply, unless the session closes before; at most `commandsInFlightMax` are under way;
// after a close comes nothing.

import { type CloseReason, FoqError } from '../../protocol/index.js';
import {
  type Command,
  type CommandOf,
  type Decoded,
  errorEvent,
  eventOf,
  HEARTBEAT_MS,
  HELLO_WITHIN_MS,
  LIMITS,
  replyTo,
  WINDOW,
  type WireEvent,
} from '../../protocol/wire/index.js';
import { type Action, close, send, stream } from './actions.js';
import { appendsTo, isSessionCommand, newSeqsOf } from './effects.js';
import { Life } from './life.js';
import { SendRate } from './send-rate.js';
import type { Answer, Authenticated, Caller, StreamEvent, Window } from './services.js';
import { WriteOrder } from './write-order.js';

/** Sends refused in a row before the session is closed. */
const REFUSALS_MAX = 1_000;
/** Events that wait for a serverAck; a window of deliveries is far below. */
const HELD_MAX = 4_096;
/** How soon a client may try again what came at a bad time. */
const RETRY_AFTER_MS = 1_000;

export interface SessionOptions {
  readonly sessionId: string;
  readonly durability: 'fsync' | 'page-cache-unsafe';
  readonly openedAt: number;
}

type State = 'new' | 'verifying' | 'open' | 'draining' | 'closed';

export class Session {
  readonly #options: SessionOptions;
  readonly #life: Life;
  readonly #order = new WriteOrder();
  readonly #rate: SendRate;
  readonly #running = new Map<number, Command>();
  #state: State = 'new';
  #caller: Caller | undefined;
  /** What came after `hello`, and waits until its token is verified. */
  #early: Decoded[] = [];
  #tickets = 0;
  #refusals = 0;
  #window: Window = WINDOW;
  /** Whether the first page of `syncState` was answered. */
  #isSynced: boolean;

  constructor(options: SessionOptions) {
    const { sendsPerSecond: perSecond, sendBurst: burst } = LIMITS;
    this.#options = options;
    this.#isSynced = false;
    this.#life = new Life(options.openedAt);
    this.#rate = new SendRate({ perSecond, burst }, options.openedAt);
  }

  /** Whose it is, once the token of `hello` was verified. */
  get caller(): Caller | undefined {
    return this.#caller;
  }

  /** Whether a `hello` came, good or not. */
  get hasHello(): boolean {
    return this.#state !== 'new';
  }

  get isClosed(): boolean {
    return this.#state === 'closed';
  }

  /** What one frame held. */
  frame(decoded: readonly Decoded[], now: number): Action[] {
    this.#life.heard(now);
    return this.#out(this.#take(decoded, now), now);
  }

  /** A frame that was refused as a whole. */
  badFrame(error: FoqError, now: number): Action[] {
    const reason = error.code === 'FOQ_TOO_LARGE' ? 'TOO_LARGE' : 'BAD_FRAME';
    return this.#out([...send(errorEvent(error)), close(reason)], now);
  }

  /** The peer did something that is no frame, such as a ping of WebSocket itself. */
  heard(now: number): void {
    this.#life.heard(now);
  }

  /** The token of a `verify` is good. */
  verified(ticket: number, who: Authenticated, now: number): Action[] {
    const command = this.#finish(ticket);
    if (command?.t === 'hello') return this.#out(this.#welcome(command, who, now), now);
    if (command?.t === 'auth') return this.#out(this.#renewed(command, who), now);
    return [];
  }

  /** A command was carried out. */
  done(ticket: number, { fields, events = [] }: Answer, now: number): Action[] {
    const command = this.#finish(ticket);
    if (command === undefined) return [];
    const reply = send(replyTo(command as CommandOf<'ping'>, fields));
    const own = newSeqsOf(command, fields).map((at) => ({ do: 'acknowledged' as const, ...at }));
    const after = this.#after(command);
    const told = events.flatMap((event) => send(event));
    return this.#out(
      [...reply, ...own, ...told, ...this.#released(ticket, command), ...after],
      now,
    );
  }

  failed(ticket: number, error: unknown, now: number): Action[] {
    const command = this.#finish(ticket);
    if (command === undefined) return [];
    const told = send(errorEvent(error, command.id));
    if (command.t !== 'hello') return this.#out([...told, ...this.#released(ticket, command)], now);
    return this.#out([...told, close(reasonOf(error))], now);
  }

  /** Events of the stream. */
  events(events: readonly StreamEvent[], now: number): Action[] {
    const actions = stream(this.#order.pass(events));
    const isOver = this.#order.heldCount > HELD_MAX;
    return this.#out(isOver ? [...actions, close('SLOW')] : actions, now);
  }

  /** To be called about once a second. */
  tick(now: number): Action[] {
    if (this.#caller === undefined) {
      const isLate = now - this.#options.openedAt >= HELLO_WITHIN_MS;
      return this.#out(isLate ? [close('UNAUTHORIZED')] : [], now);
    }
    const due = this.#life.tick(now).flatMap((verdict): Action[] => {
      if (verdict === 'ping') return send(eventOf('ping', {}));
      if (verdict === 'expiring') return send(expiring(this.#life.expiresAt));
      if (verdict === 'expired') return this.#isSynced ? [{ do: 'detach' }] : [];
      return [close(verdict === 'idle' ? 'IDLE' : 'UNAUTHORIZED')];
    });
    return this.#out(due, now);
  }

  /** The broker stops: what is under way is still answered, nothing new is begun. */
  goAway(retryAfterMs: number, now: number): Action[] {
    if (this.#state !== 'open') return this.closeAs('SHUTDOWN', now);
    this.#state = 'draining';
    return this.#out(send(eventOf('goAway', { reason: 'shutdown', retryAfterMs })), now);
  }

  closeAs(reason: CloseReason, now: number): Action[] {
    return this.#out([close(reason)], now);
  }

  #take(decoded: readonly Decoded[], now: number): Action[] {
    const actions: Action[] = [];
    for (const one of decoded) {
      actions.push(...this.#takeOne(one, now));
      if (actions.at(-1)?.do === 'close') break;
    }
    return actions;
  }

  #takeOne(one: Decoded, now: number): Action[] {
    if (this.#state === 'new') return this.#hello(one);
    if (this.#state === 'verifying') {
      if (this.#early.length >= LIMITS.commandsInFlightMax) return refused(one, busy());
      this.#early.push(one);
      return [];
    }
    if (!one.ok) return send(errorEvent(one.error, one.id));
    const fault = this.#faultOf(one.command, now);
    if (fault !== undefined) return this.#refuse(one.command, fault);
    return this.#begin(one.command);
  }

  #hello(one: Decoded): Action[] {
    if (one.ok && one.command.t === 'hello') {
      this.#state = 'verifying';
      return [{ do: 'verify', ticket: this.#start(one.command), token: one.command.token }];
    }
    const message = 'The first command must be hello.';
    const error = one.ok || one.id === undefined ? unauthorized(message) : one.error;
    return [...refused(one, error), close('UNAUTHORIZED')];
  }

  #welcome(command: CommandOf<'hello'>, who: Authenticated, now: number): Action[] {
    const { userId, deviceId, expiresAt } = who;
    this.#caller = { userId, deviceId };
    this.#life.renew(expiresAt);
    this.#state = 'open';
    const { sessionId, durability } = this.#options;
    const welcome = replyTo<'hello'>(command, {
      ...{ sessionId, userId, deviceId, durability },
      serverTime: now,
      heartbeatMs: HEARTBEAT_MS,
      limits: LIMITS,
      capabilities: [],
    });
    const early = this.#early;
    this.#early = [];
    return [...send(welcome), ...this.#take(early, now)];
  }

  /** A token of the same device; after one that has expired the stream begins again. */
  #renewed(command: CommandOf<'auth'>, who: Authenticated): Action[] {
    const { userId, deviceId } = this.#caller ?? {};
    if (who.userId !== userId || who.deviceId !== deviceId) {
      const error = forbidden('The token is of another device.');
      return send(errorEvent(error, command.id));
    }
    const isStreamGone = this.#life.isExpired && this.#isSynced;
    this.#life.renew(who.expiresAt);
    const reply = send(replyTo<'auth'>(command, { expiresAt: who.expiresAt }));
    return isStreamGone ? [...reply, { do: 'attach', window: this.#window }] : reply;
  }

  /** Why a command is not begun; undefined when it is. */
  #faultOf(command: Command, now: number): FoqError | undefined {
    if (command.t === 'hello') return invalid('This session has said hello.');
    if (command.id !== undefined && this.#isUnderWay(command.id)) {
      return invalid('Another command with this id has no reply yet.');
    }
    if (this.#running.size >= LIMITS.commandsInFlightMax) return busy();
    if (isSessionCommand(command)) return undefined;
    if (command.t === 'messageAck') return undefined;
    if (this.#life.isExpired) return unauthorized('The token has expired.');
    if (this.#state === 'draining') return goingAway();
    return appendsTo(command) === undefined ? undefined : this.#tooOften(now);
  }

  #tooOften(now: number): FoqError | undefined {
    const retryAfterMs = this.#rate.take(now);
    if (retryAfterMs > 0) return new FoqError('FOQ_RATE_LIMITED', { details: { retryAfterMs } });
    this.#refusals = 0;
    return undefined;
  }

  #refuse(command: Command, error: FoqError): Action[] {
    const told = send(errorEvent(error, command.id));
    if (error.code !== 'FOQ_RATE_LIMITED') return told;
    this.#refusals += 1;
    return this.#refusals < REFUSALS_MAX ? told : [...told, close('RATE_LIMITED')];
  }

  #begin(command: Command): Action[] {
    if (command.t === 'ping') return send(replyTo<'ping'>(command, {}));
    if (command.t === 'bye') return [...send(replyTo<'bye'>(command, {})), close('BYE')];
    if (command.t === 'flow') return this.#flow(command);
    const ticket = this.#start(command);
    if (isSessionCommand(command)) return [{ do: 'verify', ticket, token: command.token }];
    const chatId = appendsTo(command);
    if (chatId !== undefined && chatId !== '') this.#order.sendBegins(chatId, ticket);
    return [{ do: 'run', ticket, command }];
  }

  #flow(command: CommandOf<'flow'>): Action[] {
    this.#window = { messages: command.messages, bytes: command.bytes };
    const reply = send(replyTo<'flow'>(command, {}));
    return this.#isSynced ? [...reply, { do: 'flow', window: this.#window }] : reply;
  }

  /** What a command that was carried out brings with it. */
  #after(command: Command): Action[] {
    if (command.t !== 'syncState' || this.#isSynced) return [];
    this.#isSynced = true;
    if (this.#life.isExpired) return [];
    return [{ do: 'attach', window: this.#window }];
  }

  #released(ticket: number, command: Command): Action[] {
    const chatId = isSessionCommand(command) ? undefined : appendsTo(command);
    return chatId === undefined ? [] : stream(this.#order.sendEnds(chatId, ticket));
  }

  #start(command: Command): number {
    this.#tickets += 1;
    this.#running.set(this.#tickets, command);
    return this.#tickets;
  }

  #finish(ticket: number): Command | undefined {
    const command = this.#running.get(ticket);
    this.#running.delete(ticket);
    return this.#state === 'closed' ? undefined : command;
  }

  #isUnderWay(id: number): boolean {
    for (const command of this.#running.values()) if (command.id === id) return true;
    return false;
  }

  /** Notes what is said; nothing comes after a close, and one that drains closes when it may. */
  #out(actions: readonly Action[], now: number): Action[] {
    if (this.#state === 'closed') return [];
    const out: Action[] = [];
    for (const action of actions) {
      out.push(action);
      if (action.do === 'send' || action.do === 'stream') this.#life.said(now);
      if (action.do === 'close') return this.#closed(out);
    }
    if (this.#state !== 'draining' || this.#running.size > 0) return out;
    return this.#closed([...out, close('SHUTDOWN')]);
  }

  #closed(out: Action[]): Action[] {
    this.#state = 'closed';
    this.#running.clear();
    this.#early = [];
    return out;
  }
}

function expiring(expiresAt: number): WireEvent {
  return eventOf('authExpiring', { expiresAt });
}

/** Why a `hello` failed. Whose token could not be judged is to come again. */
function reasonOf(error: unknown): CloseReason {
  const code = error instanceof FoqError ? error.code : 'FOQ_INTERNAL';
  if (code === 'FOQ_UNAVAILABLE') return 'GO_AWAY';
  if (code === 'FOQ_BUSY') return 'ADMISSION';
  return code === 'FOQ_FORBIDDEN' ? 'FORBIDDEN' : 'UNAUTHORIZED';
}

function refused(one: Decoded, error: FoqError): Action[] {
  return send(errorEvent(error, one.ok ? one.command.id : one.id));
}

function invalid(message: string): FoqError {
  return new FoqError('FOQ_INVALID_ARGUMENT', { message });
}

function unauthorized(message: string): FoqError {
  return new FoqError('FOQ_UNAUTHORIZED', { message });
}

function forbidden(message: string): FoqError {
  return new FoqError('FOQ_FORBIDDEN', { message });
}

function busy(): FoqError {
  return new FoqError('FOQ_BUSY', { details: { retryAfterMs: RETRY_AFTER_MS } });
}

function goingAway(): FoqError {
  return new FoqError('FOQ_UNAVAILABLE', { details: { retryAfterMs: RETRY_AFTER_MS } });
}
