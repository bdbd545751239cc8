// The same loads on the plain server: an echo at a rate, and bursts to groups, of the bytes that a
// broker would deliver.

import { encodeMap } from '../../protocol/wire/codec/index.js';
import type { Closed } from './broker-load.js';
import { BODY_BYTES, bodyDueAt } from './messages.js';
import { Arrivals, type Course, type OpenWindow, openLoop, until } from './schedule.js';
import { openSocket, type WebSocket } from './web-socket.js';

const CONNECTING_MAX = 100;

export interface PlainGathering {
  readonly url: string;
  readonly sockets: number;
  /** Sockets of one group; 0 for an echo. */
  readonly perGroup: number;
}

interface Group {
  readonly sockets: WebSocket[];
  turn: number;
  missing: number;
  next: (() => void) | undefined;
}

/** A delivery as the broker writes it, with another body. */
function deliveryOf(body: Uint8Array): Uint8Array {
  const chatId = `~g${'x'.repeat(22)}`;
  const about = { chatId, seq: 100_000, messageId: `${chatId}.100000`, epoch: '0'.repeat(16) };
  const from = { senderId: 'user-1', senderDeviceId: 'device-1', at: 1.7e12 };
  return encodeMap(
    { t: 'message', ...about, ...from, kind: 'message', messageBody: body, attempt: 1 },
    'foq.v1.msgpack',
  );
}

export class PlainLoad {
  readonly #groups: Group[] = [];
  #arrivals = new Arrivals();
  #delivered = 0;

  async gather({ url, sockets, perGroup }: PlainGathering): Promise<void> {
    for (let begin = 0; begin < sockets; begin += CONNECTING_MAX) {
      const count = Math.min(CONNECTING_MAX, sockets - begin);
      const opening = Array.from({ length: count }, (_, index) =>
        this.#open(url, begin + index, perGroup),
      );
      await Promise.all(opening);
    }
  }

  /** Latency until it is back. */
  async echoes(course: Course): Promise<OpenWindow> {
    const sockets = this.#groups.flatMap((group) => group.sockets);
    this.#arrivals = new Arrivals();
    const sending = {
      arrivalsEach: 1,
      send: (number: number, dueAt: number) => {
        sockets[number % sockets.length]?.send(bodyDueAt(dueAt));
      },
    };
    return await openLoop(course, sending, this.#arrivals);
  }

  async bursts({ windowMs, messages }: { windowMs: number; messages: number }): Promise<Closed> {
    const startAt = performance.now();
    const [endAt, before] = [startAt + windowMs, this.#delivered];
    const message = deliveryOf(new Uint8Array(BODY_BYTES).fill(0x5a));
    let sent = 0;
    const groups = this.#groups.map(async (group) => {
      while (performance.now() < endAt) {
        await burst(group, message, messages);
        sent += messages;
      }
    });
    await Promise.all(groups);
    const elapsedMs = performance.now() - startAt;
    return { messages: sent, deliveries: this.#delivered - before, elapsedMs };
  }

  async close(): Promise<void> {
    const sockets = this.#groups.flatMap((group) => group.sockets);
    for (const socket of sockets) socket.close();
    await until(() => sockets.every(({ readyState, CLOSED }) => readyState === CLOSED));
  }

  async #open(url: string, index: number, perGroup: number): Promise<void> {
    const number = perGroup === 0 ? 0 : Math.floor(index / perGroup);
    const group = this.#groupOf(number);
    const heard = (frame: Uint8Array) => {
      this.#delivered += 1;
      group.missing -= 1;
      if (group.missing === 0) group.next?.();
      if (perGroup === 0) this.#arrivals.arrived(Buffer.from(frame).readDoubleLE(0));
    };
    const path = perGroup === 0 ? '/echo' : `/group/${number}`;
    group.sockets.push(await openSocket({ url: `${url}${path}`, heard, ended: () => undefined }));
  }

  #groupOf(number: number): Group {
    const group = this.#groups[number] ?? { sockets: [], turn: 0, missing: 0, next: undefined };
    this.#groups[number] = group;
    return group;
  }
}

function burst(group: Group, message: Uint8Array, messages: number): Promise<void> {
  group.missing = messages * (group.sockets.length - 1);
  for (let count = 0; count < messages; count++) {
    group.sockets[group.turn++ % group.sockets.length]?.send(message);
  }
  return new Promise((resolve) => {
    group.next = resolve;
  });
}
