// Verbs for the tests of delivery: a queue in memory, chats made by the chat layer, devices that
// write down what they are sent, and a clock that only the test moves.

import { type Test, test } from 'tap';
import { openQueue, type SimulatedQueue } from '../../../engine/testing/index.js';
import { LIMITS, type WireEvent } from '../../../protocol/wire/index.js';
import { type ChatContext, handlers } from '../../chat/index.js';
import { type Attachment, DeliveryService, type DeviceWindow, type SentEvent } from '../index.js';

const WINDOW: DeviceWindow = { messages: 256, bytes: 1_048_576 };
/** What a condition may take. Marks of others come a tenth of a second after they were made. */
const WITHIN_MS = 10_000;

export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

export async function until(condition: () => boolean, what: string): Promise<void> {
  const endAt = performance.now() + WITHIN_MS;
  while (performance.now() < endAt) {
    if (condition()) return;
    await turn();
  }
  throw new Error(`it did not come: ${what}`);
}

/** A device's session, as the gateway would have it. */
export class Session {
  readonly consumerId: string;
  readonly sent: SentEvent[] = [];
  writes = 0;
  takes = true;
  closed: { readonly code: number; readonly reason: string } | undefined;
  attachment: Attachment | undefined;

  constructor(consumerId: string) {
    this.consumerId = consumerId;
  }

  send(events: readonly SentEvent[]): boolean {
    this.writes += 1;
    this.sent.push(...events);
    return this.takes;
  }

  close(code: number, reason: string): void {
    this.closed = { code, reason };
  }

  get events(): WireEvent[] {
    return this.sent.map(({ event }) => event);
  }

  of<Name extends WireEvent['t']>(t: Name): Extract<WireEvent, { t: Name }>[] {
    return this.events.filter((event): event is Extract<WireEvent, { t: Name }> => event.t === t);
  }

  get seqs(): number[] {
    return this.of('message').map(({ seq }) => seq);
  }
}

interface Alarm {
  readonly at: number;
  readonly callback: () => void;
}

export class Rig {
  readonly queue: SimulatedQueue;
  readonly delivery: DeliveryService;
  readonly failures: unknown[] = [];
  clock = 1_000_000;
  #alarms = new Set<Alarm>();
  #ids = 0;

  constructor(queue: SimulatedQueue) {
    this.queue = queue;
    this.delivery = new DeliveryService({
      queue,
      now: () => this.clock,
      later: (delayMs, callback) => {
        const alarm = { at: this.clock + delayMs, callback };
        this.#alarms.add(alarm);
        return () => this.#alarms.delete(alarm);
      },
      failed: (error) => this.failures.push(error),
    });
  }

  /** Time passes, and whoever waits for it is called. */
  pass(ms: number): void {
    this.clock += ms;
    for (const alarm of [...this.#alarms]) {
      if (alarm.at > this.clock) continue;
      this.#alarms.delete(alarm);
      alarm.callback();
    }
  }

  /** Acks are held until the turn of the event loop ends: an append alone may go before them. */
  async acksAreDurable(): Promise<void> {
    await this.queue.flush();
  }

  get alarms(): number {
    return this.#alarms.size;
  }

  async attach(consumerId: string, window = WINDOW): Promise<Session> {
    const session = new Session(consumerId);
    const [userId = '', deviceId = ''] = consumerId.split('/');
    session.attachment = await this.delivery.attach({ userId, deviceId }, session, window);
    return session;
  }

  async aDirectChat(by: string, other: string): Promise<string> {
    const command = { t: 'createChat' as const, id: 1, participants: [other] };
    return (await handlers.createChat(this.#context(), callerOf(by), command)).chatId;
  }

  async aGroup(by: string, participants: string[]): Promise<string> {
    const said = { participants, type: 'group' as const, clientChatId: 'club' };
    const command = { t: 'createChat' as const, id: 1, ...said };
    return (await handlers.createChat(this.#context(), callerOf(by), command)).chatId;
  }

  async update(
    by: string,
    chatId: string,
    said: { readonly add?: string[]; readonly remove?: string[]; readonly name?: string },
  ): Promise<number> {
    const command = { t: 'updateChat' as const, id: 1, chatId, ...said };
    return (await handlers.updateChat(this.#context(), callerOf(by), command)).seq;
  }

  async say(by: string, chatId: string, messageBody: string): Promise<number> {
    this.#ids += 1;
    const said = { chatId, clientMsgId: `m${this.#ids}`, messageBody };
    const command = { t: 'sendMessage' as const, id: 1, ...said };
    return (await handlers.sendMessage(this.#context(), callerOf(by), command)).serverAck.seq;
  }

  async whisper(by: string, chatId: string, to: string): Promise<number> {
    this.#ids += 1;
    const [userId = '', deviceId = ''] = to.split('/');
    const envelopes = [{ userId, deviceId, type: 1, body: `for ${to}` }];
    const said = { chatId, clientMsgId: `m${this.#ids}`, envelopes };
    const command = { t: 'sendMessage' as const, id: 1, ...said };
    return (await handlers.sendMessage(this.#context(), callerOf(by), command)).serverAck.seq;
  }

  /** Every user has a phone, ann a laptop too. */
  #context(): ChatContext {
    const device = (userId: string, deviceId: string) => {
      return { userId, deviceId, name: '', platform: '', createdAt: 0 };
    };
    const directory: ChatContext['directory'] = {
      users: (userIds) => {
        return Promise.resolve(
          userIds.map((userId) => ({ userId, displayName: userId, createdAt: 0 })),
        );
      },
      devicesOf: (userIds) => {
        const devices = userIds.flatMap((userId) => {
          const phone = device(userId, 'phone');
          return userId === 'ann' ? [phone, device(userId, 'laptop')] : [phone];
        });
        return Promise.resolve(devices);
      },
    };
    const { queue, clock } = this;
    return { queue, directory, key: new Uint8Array(32), now: () => clock, limits: LIMITS };
  }
}

function callerOf(consumerId: string) {
  const [userId = '', deviceId = ''] = consumerId.split('/');
  return { userId, deviceId };
}

export function withRig(title: string, run: (t: Test, rig: Rig) => Promise<void>): void {
  test(title, async (t) => {
    const queue = await openQueue({ dir: ':memory:' });
    const rig = new Rig(queue);
    t.teardown(async () => {
      rig.delivery.close();
      await queue.close();
    });
    await run(t, rig);
    t.same(rig.failures, [], 'nothing failed behind the scenes');
  });
}
