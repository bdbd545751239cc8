// A device that is light enough for a generator: it speaks the wire and keeps nothing. Unlike the
// client for applications it has no outbox, no storage and no reconnecting; it says what it has
// received as that one does, 50 ms after the first message or when there are 32.

import { decodeTrusted, encodeMap, type WireMap } from '../../protocol/wire/codec/index.js';
import type { Person } from './people.js';
import { openSocket, type WebSocket } from './web-socket.js';

const SUBPROTOCOL = 'foq.v1.msgpack';
const ACK_WITHIN_MS = 50;
const ACK_MESSAGES_MAX = 32;

export interface DeviceOptions {
  readonly url: string;
  readonly person: Person;
  message(device: Device, message: WireMap): void;
}

export class Device {
  readonly person: Person;
  readonly #options: DeviceOptions;
  readonly #replies = new Map<number, (reply: WireMap) => void>();
  readonly #received = new Map<string, number>();
  #socket: WebSocket | undefined;
  #nextId = 1;
  #unacked = 0;
  #unackedSince = 0;
  /** Errors that answer no command, and a socket that ended. */
  #faults = 0;

  private constructor(options: DeviceOptions) {
    this.#options = options;
    this.person = options.person;
  }

  /** Connected, welcomed, and with its stream. */
  static async connect(options: DeviceOptions): Promise<Device> {
    const device = new Device(options);
    device.#socket = await openSocket({
      url: `${options.url}/chat`,
      subprotocols: [SUBPROTOCOL],
      heard: (frame) => device.#heard(frame),
      ended: () => device.#ended(),
    });
    await device.call('hello', { token: options.person.token });
    await device.call('syncState', {});
    return device;
  }

  get faults(): number {
    return this.#faults;
  }

  /** Rejects where the answer is an error. */
  async call(t: string, fields: object): Promise<WireMap> {
    const reply = await new Promise<WireMap>((resolve) => this.ask(t, fields, resolve));
    if (reply['t'] !== 'error') return reply;
    throw new Error(`${t}: ${String(reply['name'])} ${String(reply['message'])}`);
  }

  /** The same without a promise. */
  ask(t: string, fields: object, answered: (reply: WireMap) => void): void {
    const id = this.#nextId++;
    this.#replies.set(id, answered);
    this.#send({ t, id, ...fields });
  }

  /** To be called often; sends the acks that are due. */
  tick(now: number): void {
    if (this.#unacked > 0 && now - this.#unackedSince >= ACK_WITHIN_MS) this.#ack();
  }

  close(): void {
    const socket = this.#socket;
    this.#socket = undefined;
    socket?.close();
  }

  #send(map: object): void {
    this.#socket?.send(encodeMap(map, SUBPROTOCOL));
  }

  #heard(frame: Uint8Array): void {
    const decoded = decodeTrusted(frame) as WireMap | readonly WireMap[];
    if (Array.isArray(decoded)) for (const map of decoded) this.#take(map);
    else this.#take(decoded as WireMap);
  }

  #take(map: WireMap): void {
    const { t, id } = map;
    if (t === 'message') this.#message(map);
    else if (typeof id === 'number') this.#answered(id, map);
    else if (t === 'ping') this.#send({ t: 'ping' });
    else if (t === 'error') this.#faults += 1;
  }

  #answered(id: number, reply: WireMap): void {
    const answered = this.#replies.get(id);
    this.#replies.delete(id);
    answered?.(reply);
  }

  #message(message: WireMap): void {
    this.#options.message(this, message);
    this.#received.set(message['chatId'] as string, message['seq'] as number);
    if (this.#unacked === 0) this.#unackedSince = performance.now();
    this.#unacked += 1;
    if (this.#unacked >= ACK_MESSAGES_MAX) this.#ack();
  }

  #ack(): void {
    for (const [chatId, upToSeq] of this.#received) {
      this.#send({ t: 'messageAck', chatId, status: 'RECEIVED', upToSeq });
    }
    this.#received.clear();
    this.#unacked = 0;
  }

  #ended(): void {
    if (this.#socket !== undefined) this.#faults += 1;
  }
}
