// Loads on a broker: chats of two users and groups, each user with several devices, in closed and
// in open loop, and bursts to groups. Nothing is in flight when a load ends.

import type { WireMap } from '../../protocol/wire/codec/index.js';
import { Device } from './device.js';
import { bodyDueAt, dueAtOf } from './messages.js';
import type { Person } from './people.js';
import { Arrivals, type Course, type OpenWindow, openLoop, until } from './schedule.js';

/** Devices that connect at once: a broker takes so many strangers and no more. */
const CONNECTING_MAX = 100;
const ACK_TICK_MS = 5;

interface Chat {
  readonly chatId: string;
  readonly devices: readonly Device[];
  /** Whose turn it is to send. */
  turn: number;
  /** Answers and deliveries that a closed loop waits for. */
  missing: number;
  next: (() => void) | undefined;
}

export interface Gathering {
  readonly url: string;
  readonly people: readonly Person[];
  /** Devices of one chat, in the order of `people`; 0 for no chats. */
  readonly devicesPerChat: number;
}

export interface Closed {
  /** Messages that were sent, acked and delivered to every other device. */
  readonly messages: number;
  readonly deliveries: number;
  readonly elapsedMs: number;
}

export class BrokerLoad {
  readonly #chats = new Map<string, Chat>();
  #devices: readonly Device[] = [];
  #delivered = 0;
  #arrivals = new Arrivals();
  #nextMessage = 0;
  #failure: Error | undefined;
  #timer: NodeJS.Timeout | undefined;

  /** Connects everybody and makes the chats. */
  async gather({ url, people, devicesPerChat }: Gathering): Promise<void> {
    const devices: Device[] = [...this.#devices];
    for (let begin = 0; begin < people.length; begin += CONNECTING_MAX) {
      const part = people.slice(begin, begin + CONNECTING_MAX);
      const message = (device: Device, map: WireMap) => this.#message(device, map);
      const connecting = part.map((person) => Device.connect({ url, person, message }));
      devices.push(...(await Promise.all(connecting)));
    }
    this.#devices = devices;
    this.#timer ??= setInterval(() => this.#tick(), ACK_TICK_MS);
    if (devicesPerChat === 0) return;
    for (let begin = 0; begin < devices.length; begin += devicesPerChat) {
      await this.#makeChat(devices.slice(begin, begin + devicesPerChat));
    }
  }

  /** Each chat has one message under way, until the time is over. */
  async maximum({ windowMs }: { windowMs: number }): Promise<Closed> {
    const startAt = performance.now();
    const endAt = startAt + windowMs;
    const before = this.#delivered;
    let messages = 0;
    const lanes = [...this.#chats.values()].map(async (chat) => {
      while (performance.now() < endAt) {
        await this.#sendAndWait(chat, 1);
        messages += 1;
      }
    });
    await this.#whole(Promise.all(lanes));
    const elapsedMs = performance.now() - startAt;
    return { messages, deliveries: this.#delivered - before, elapsedMs };
  }

  /** Latency until a device of the other user has it. */
  async atRate(course: Course): Promise<OpenWindow> {
    const chats = [...this.#chats.values()];
    this.#arrivals = new Arrivals();
    const sending = {
      arrivalsEach: 2,
      send: (number: number, dueAt: number) => {
        const chat = chats[number % chats.length];
        if (chat !== undefined) this.#send(chat, dueAt);
      },
    };
    const window = await openLoop(course, sending, this.#arrivals);
    this.#check();
    return window;
  }

  /** Bursts of so many messages, of as many members, to each group; one burst after the other. */
  async bursts({ windowMs, messages }: { windowMs: number; messages: number }): Promise<Closed> {
    const startAt = performance.now();
    const endAt = startAt + windowMs;
    const before = this.#delivered;
    let sent = 0;
    const groups = [...this.#chats.values()].map(async (chat) => {
      while (performance.now() < endAt) {
        await this.#sendAndWait(chat, messages);
        sent += messages;
      }
    });
    await this.#whole(Promise.all(groups));
    const elapsedMs = performance.now() - startAt;
    return { messages: sent, deliveries: this.#delivered - before, elapsedMs };
  }

  close(): void {
    clearInterval(this.#timer);
    for (const device of this.#devices) device.close();
  }

  async #makeChat(devices: readonly Device[]): Promise<void> {
    const [creator] = devices;
    if (creator === undefined) return;
    const participants = [...new Set(devices.map(({ person }) => person.userId))];
    const type = participants.length > 2 ? 'group' : 'direct';
    const clientChatId = `chat-${this.#chats.size}`;
    const made = await creator.call('createChat', { participants, type, clientChatId });
    const chatId = made['chatId'] as string;
    const chat: Chat = { chatId, devices, turn: 0, missing: 0, next: undefined };
    this.#chats.set(chatId, chat);
    // The first message shows that everybody is joined and listens.
    await this.#whole(this.#sendAndWait(chat, 1));
  }

  #sendAndWait(chat: Chat, messages: number): Promise<void> {
    chat.missing = messages * chat.devices.length;
    for (let message = 0; message < messages; message++) this.#send(chat, performance.now());
    return new Promise((resolve) => {
      chat.next = resolve;
    });
  }

  #send(chat: Chat, dueAt: number): void {
    const device = chat.devices[chat.turn++ % chat.devices.length];
    const clientMsgId = (this.#nextMessage++).toString(36);
    const fields = { chatId: chat.chatId, clientMsgId, messageBody: bodyDueAt(dueAt) };
    device?.ask('sendMessage', fields, (reply) => {
      if (reply['t'] === 'error') this.#failure = new Error(`sendMessage: ${reply['name']}`);
      arrivedIn(chat);
    });
  }

  #message({ person }: Device, message: WireMap): void {
    if (message['kind'] !== 'message') return;
    const isOfUser = message['senderId'] === person.userId;
    // A sender that had not acked all before its message gets it back, to be without a hole.
    if (isOfUser && message['senderDeviceId'] === person.deviceId) return;
    this.#delivered += 1;
    const chat = this.#chats.get(message['chatId'] as string);
    if (chat !== undefined) arrivedIn(chat);
    if (isOfUser) return;
    this.#arrivals.arrived(dueAtOf(message['messageBody']));
  }

  #tick(): void {
    const now = performance.now();
    for (const device of this.#devices) device.tick(now);
  }

  /** Waits, but not for ever. */
  async #whole(work: Promise<unknown>): Promise<void> {
    let isDone = false;
    work.then(() => {
      isDone = true;
    }, console.error);
    const finished = await until(() => isDone || this.#failure !== undefined, 60_000);
    this.#check();
    if (!finished) throw new Error('a message was not answered or not delivered');
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure;
    const faults = this.#devices.reduce((sum, device) => sum + device.faults, 0);
    if (faults > 0) throw new Error(`${faults} errors or lost sockets`);
  }
}

function arrivedIn(chat: Chat): void {
  chat.missing -= 1;
  if (chat.missing !== 0) return;
  const { next } = chat;
  chat.next = undefined;
  next?.();
}
