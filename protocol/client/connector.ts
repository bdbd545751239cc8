// Keeps one session after the other, until it is closed or the broker says not to come again.
// Whoever wants to ask something waits here for the next session.

import { FoqError, mayReconnect } from '../index.js';
import { backoffMs } from './backoff.js';
import { type Encoding, subprotocolOf, type WireMap } from './codec.js';
import { asError } from './notices.js';
import { CLOSE_LOST, Session, type SessionEnd } from './session.js';
import type { ConnectOptions, Socket, SocketClass, State, Welcome } from './types.js';
import { ConnectionLost, retryAfterMs } from './wire-failure.js';

export interface ConnectorPort {
  readonly encoding: Encoding;
  now(): number;
  random(): number;
  event(map: WireMap): void;
  drained(): void;
  /** After `welcome`; messages are streamed when it resolves. */
  resume(session: Session, welcome: Welcome): Promise<void>;
  /** The session is over. */
  lost(): void;
  state(state: State): void;
  failed(error: unknown): void;
}

/** Calls that wait for a session; more are FOQ_BUSY. */
const WAITING_MAX = 256;
/** In a row, before the client ends: its tokens are no good. */
const UNAUTHORIZED_MAX = 3;
const CLOSE_UNAUTHORIZED = 4401;
/** A session that lasted so long was a good one, and the next attempt is a first one. */
const GOOD_MS = 10_000;

interface Waiter {
  resolve(session: Session): void;
  reject(error: FoqError): void;
}

export class Connector {
  readonly #options: ConnectOptions;
  readonly #port: ConnectorPort;
  #session: Session | undefined;
  #online: Session | undefined;
  #waiters: Waiter[] = [];
  #over: FoqError | undefined;
  #notBefore = 0;
  #wake: () => void = () => undefined;

  constructor(options: ConnectOptions, port: ConnectorPort) {
    this.#options = options;
    this.#port = port;
  }

  /** The session in which messages are streamed, if there is one. */
  get online(): Session | undefined {
    return this.#online;
  }

  /** The session that is there or comes next; rejects when none comes any more. */
  ready(): Promise<Session> {
    if (this.#over !== undefined) return Promise.reject(this.#over);
    if (this.#online !== undefined) return Promise.resolve(this.#online);
    if (this.#waiters.length >= WAITING_MAX) {
      return Promise.reject(new FoqError('FOQ_BUSY', { details: { limit: WAITING_MAX } }));
    }
    return new Promise((resolve, reject) => this.#waiters.push({ resolve, reject }));
  }

  /** The broker asked not to come before so many ms. */
  holdOff(ms: number): void {
    this.#notBefore = Math.max(this.#notBefore, this.#port.now() + ms);
  }

  /** Ends this session, and makes the next one. */
  renew(reason: string): void {
    this.#session?.close(CLOSE_CLIENT, reason);
  }

  close(error: FoqError): void {
    if (this.#over !== undefined) return;
    this.#over = error;
    this.#session?.close();
    this.#wake();
    for (const { reject } of this.#waiters.splice(0)) reject(error);
  }

  /** Resolves when it is over. */
  async run(): Promise<void> {
    let attempt = 0;
    let unauthorized = 0;
    while (this.#over === undefined) {
      const since = this.#port.now();
      const end = await this.#live();
      const isGood = this.#port.now() - since >= GOOD_MS;
      unauthorized = end.code === CLOSE_UNAUTHORIZED ? unauthorized + 1 : 0;
      const mayCome = end.code === CLOSE_UNAUTHORIZED || mayReconnect(end.code);
      if (!mayCome || unauthorized >= UNAUTHORIZED_MAX) this.close(verdict(end));
      if (this.#over !== undefined) break;
      this.#port.state('waiting');
      await this.#pause(backoffMs({ attempt: isGood ? 0 : attempt, random: this.#port.random() }));
      attempt = isGood ? 1 : attempt + 1;
    }
  }

  /** One session, from its token to its end. Never rejects. */
  async #live(): Promise<SessionEnd> {
    this.#port.state('connecting');
    let session: Session | undefined;
    try {
      const token = await this.#options.token();
      if (this.#over !== undefined) return { code: CLOSE_LOST, reason: '' };
      session = this.#connect();
      await this.#begin(session, token);
      return await session.ended;
    } catch (error) {
      return await this.#failedBegin(error, session);
    } finally {
      this.#session = undefined;
      this.#online = undefined;
      this.#port.lost();
    }
  }

  async #begin(session: Session, token: string): Promise<void> {
    await session.opened;
    const { client } = this.#options;
    const welcome = (await session.call('hello', { token, client })) as unknown as Welcome;
    const { heartbeatMs, limits } = welcome;
    session.begin({ heartbeatMs, inFlightMax: limits.commandsInFlightMax });
    await this.#port.resume(session, welcome);
    if (session.isOver) return;
    this.#online = session;
    this.#port.state('online');
    for (const { resolve } of this.#waiters.splice(0)) resolve(session);
  }

  async #failedBegin(error: unknown, session: Session | undefined): Promise<SessionEnd> {
    if (!(error instanceof ConnectionLost)) this.#port.failed(error);
    if (error instanceof FoqError) this.holdOff(retryAfterMs(error));
    const isRefused = error instanceof FoqError && error.code === 'FOQ_UNAUTHORIZED';
    const code = isRefused ? CLOSE_UNAUTHORIZED : CLOSE_LOST;
    session?.close();
    const end = await session?.ended;
    return isRefused || end === undefined ? { code, reason: asError(error).message } : end;
  }

  #connect(): Session {
    const WebSocket = this.#options.WebSocket ?? globalSocket();
    const { encoding } = this.#port;
    const socket: Socket = new WebSocket(this.#options.url, [subprotocolOf(encoding)]);
    const session = new Session(socket, this.#port);
    this.#session = session;
    return session;
  }

  #pause(backoff: number): Promise<void> {
    const wait = Math.max(backoff, this.#notBefore - this.#port.now());
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, wait);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }
}

/** One that browsers let an application use. */
const CLOSE_CLIENT = 3001;

function verdict({ code, reason }: SessionEnd): FoqError {
  const details = { closeCode: code, reason };
  const known = { 4401: 'FOQ_UNAUTHORIZED', 4409: 'FOQ_FENCED', 4410: 'FOQ_UNAUTHORIZED' } as const;
  const isKnown = code === 4401 || code === 4409 || code === 4410;
  return new FoqError(isKnown ? known[code] : 'FOQ_CLOSED', { details });
}

function globalSocket(): SocketClass {
  const { WebSocket } = globalThis as unknown as { readonly WebSocket?: SocketClass };
  if (WebSocket !== undefined) return WebSocket;
  const message = 'There is no WebSocket here; give one as the option WebSocket.';
  throw new FoqError('FOQ_INVALID_ARGUMENT', { message });
}
