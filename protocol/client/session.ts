// One connection: commands and their replies, heartbeats, and its end, which comes exactly once.
// Nothing arrives after the end, whatever the socket still does.
//
// Ids of commands are even here; the outbox has the odd ones, which are part of the bytes it keeps.

import { FoqError } from '../index.js';
import { decodeFrame, type Encoding, encodeCommand, frameOf, type WireMap } from './codec.js';
import type { Socket } from './types.js';
import { ConnectionLost, failureOf } from './wire-failure.js';

/** Commands without a reply, until `welcome` says how many there may be. */
const IN_FLIGHT_MAX = 32;
/** Calls that wait for their turn; more are FOQ_BUSY. */
const CALLS_MAX = 1_024;
/** From `new WebSocket` to `welcome`, and the longest that a reply may take. */
const OPEN_WITHIN_MS = 10_000;
const REPLY_WITHIN_MS = 60_000;
const HEARTBEAT_MS = 25_000;
const HEARTBEAT_TIMEOUT_MS = 10_000;
/** Codes that a browser lets an application close with. */
const CLOSE_NORMAL = 1000;
const CLOSE_SILENT = 3000;
/** How a socket ends that was never closed properly. */
export const CLOSE_LOST = 1006;

export interface SessionPort {
  readonly encoding: Encoding;
  now(): number;
  /** Events, and errors without an id. Throws for what makes the connection useless. */
  event(map: WireMap): void;
  /** A place for a command is free again. */
  drained(): void;
}

export interface SessionEnd {
  readonly code: number;
  readonly reason: string;
}

interface Pending {
  readonly since: number;
  settle(reply: WireMap): void;
  fail(error: FoqError): void;
}

export class Session {
  readonly ended: Promise<SessionEnd>;
  /** Resolves when the socket is open; rejects when it ends before. */
  readonly opened: Promise<void>;
  #end!: (end: SessionEnd) => void;
  #open!: () => void;
  #isOver: boolean;
  readonly #socket: Socket;
  readonly #port: SessionPort;
  readonly #pending = new Map<number, Pending>();
  readonly #calls: (() => void)[] = [];
  #inFlightMax = IN_FLIGHT_MAX;
  #nextId = 2;
  #heardAt: number;
  #saidAt: number;
  #heartbeatMs = HEARTBEAT_MS;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(socket: Socket, port: SessionPort) {
    this.#socket = socket;
    this.#port = port;
    this.#isOver = false;
    this.#heardAt = port.now();
    this.#saidAt = this.#heardAt;
    this.ended = new Promise((resolve) => {
      this.#end = resolve;
    });
    this.opened = new Promise((resolve, reject) => {
      this.#open = resolve;
      this.ended.then(() => reject(new ConnectionLost()), reject);
    });
    this.opened.catch(() => undefined);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => this.#open();
    socket.onmessage = (event: { data: unknown }) => this.#heard(event.data);
    socket.onclose = ({ code, reason }: SessionEnd) => this.#over({ code, reason });
    socket.onerror = () => undefined;
    this.#timer = setTimeout(() => this.#lost('not open'), OPEN_WITHIN_MS);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** Commands that may be sent now. */
  get free(): number {
    return this.#isOver ? 0 : this.#inFlightMax - this.#pending.size;
  }

  /** After `welcome`: from now on silence of the broker is noticed. */
  begin({ heartbeatMs, inFlightMax }: { heartbeatMs: number; inFlightMax: number }): void {
    this.#heartbeatMs = heartbeatMs;
    this.#inFlightMax = Math.max(2, inFlightMax);
    clearTimeout(this.#timer);
    this.#beat();
  }

  /** The reply; rejects with its error, or with ConnectionLost. Waits for a free place. */
  async call(t: string, fields: object): Promise<WireMap> {
    if (this.free <= 0) await this.#turn();
    if (this.#isOver) throw new ConnectionLost();
    const id = this.#nextId;
    this.#nextId += 2;
    return await this.send(id, encodeCommand({ t, id, ...fields }, this.#port.encoding));
  }

  /** The same for a command that is encoded already, and has this id in it. Does not wait. */
  send(id: number, command: Uint8Array): Promise<WireMap> {
    if (this.#isOver) return Promise.reject(new ConnectionLost());
    return new Promise((settle, fail) => {
      this.#pending.set(id, { since: this.#port.now(), settle, fail });
      this.#write(command);
    });
  }

  /** A command that is answered by nothing but an error. */
  post(t: string, fields: object = {}): void {
    if (!this.#isOver) this.#write(encodeCommand({ t, ...fields }, this.#port.encoding));
  }

  /** Ends at once, also where the socket no longer answers. */
  close(code: number = CLOSE_NORMAL, reason = ''): void {
    if (this.#isOver) return;
    this.#socket.close(code, reason);
    this.#over({ code, reason });
  }

  #write(command: Uint8Array): void {
    this.#saidAt = this.#port.now();
    try {
      this.#socket.send(frameOf(command, this.#port.encoding));
    } catch {
      this.#lost('not writable');
    }
  }

  #turn(): Promise<void> {
    if (this.#calls.length >= CALLS_MAX) {
      return Promise.reject(new FoqError('FOQ_BUSY', { details: { limit: CALLS_MAX } }));
    }
    return new Promise((resolve) => this.#calls.push(resolve));
  }

  #heard(frame: unknown): void {
    if (this.#isOver) return;
    this.#heardAt = this.#port.now();
    try {
      for (const map of decodeFrame(frame, this.#port.encoding)) this.#take(map);
    } catch {
      this.#lost('not readable');
    }
  }

  #take(map: WireMap): void {
    const { t, id } = map;
    if (this.#isOver) return;
    if (t === 'ping') this.post('ping');
    else if (typeof id === 'number') this.#reply(id, map);
    else this.#port.event(map);
  }

  /** One that nobody waits for answers a call that is over, and says nothing. */
  #reply(id: number, map: WireMap): void {
    const pending = this.#pending.get(id);
    if (pending === undefined) return;
    this.#pending.delete(id);
    if (map['t'] === 'error') pending.fail(failureOf(map));
    else pending.settle(map);
    this.#calls.shift()?.();
    this.#port.drained();
  }

  /** Speaks where it was silent for a heartbeat, and gives up on a broker that was for longer. */
  #beat(): void {
    const now = this.#port.now();
    const [oldest] = this.#pending.values();
    const isSilent = now - this.#heardAt > this.#heartbeatMs + HEARTBEAT_TIMEOUT_MS;
    const isStuck = oldest !== undefined && now - oldest.since > REPLY_WITHIN_MS;
    if (isSilent || isStuck) {
      this.#lost(isSilent ? 'silent' : 'no reply');
      return;
    }
    const quiet = Math.max(now - this.#saidAt, now - this.#heardAt);
    if (quiet >= this.#heartbeatMs * 0.8) this.post('ping', { id: 0 });
    this.#timer = setTimeout(() => this.#beat(), this.#heartbeatMs / 4);
  }

  #lost(reason: string): void {
    this.close(CLOSE_SILENT, reason);
  }

  #over(end: SessionEnd): void {
    if (this.#isOver) return;
    this.#isOver = true;
    clearTimeout(this.#timer);
    this.#end(end);
    for (const { fail } of this.#pending.values()) fail(new ConnectionLost());
    this.#pending.clear();
    for (const turn of this.#calls.splice(0)) turn();
  }
}
