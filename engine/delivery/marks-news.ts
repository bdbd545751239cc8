// Others' marks: tells a consumer that they changed, once per change that it has not seen.
//
// Invariants: a chat waits to be told at most once, and a change that comes meanwhile is told with
// it; the store hears what was handed over only when it was.

import type { DeliveryPort } from '../delivery-port.js';
import { HandedMarks, type Hander } from './handed.js';
import type { Outlet } from './outlet.js';

/** The consumer that is told. */
interface Told extends Hander {
  readonly outlet: Outlet;
  failed(error: unknown): void;
}

/** Marks that wait in an outlet at once. */
const WAITING_MAX = 256;

export class MarksNews {
  readonly #told: Told;
  readonly #port: DeliveryPort;
  /** By chatId: not yet in the outlet. */
  readonly #changed = new Map<string, number>();
  /** By chatId: in the outlet. */
  readonly #waiting = new Map<string, HandedMarks>();
  /** By chatId: handed over, and not durably known to be. */
  readonly #handed = new Map<string, number>();

  constructor(told: Told, port: DeliveryPort) {
    this.#told = told;
    this.#port = port;
  }

  take(chatId: string, version: number): void {
    if (version <= (this.#handed.get(chatId) ?? 0)) return;
    const waiting = this.#waiting.get(chatId);
    if (waiting !== undefined) HandedMarks.raise(waiting, version);
    else this.#changed.set(chatId, version);
  }

  /** The version is the chat's at this moment. */
  takeNewest(chatId: string): void {
    const heads = this.#port.store.heads([chatId]);
    const take = (head: { readonly marksVersion: number } | undefined) => {
      if (head !== undefined) this.take(chatId, head.marksVersion);
    };
    if (!(heads instanceof Promise)) {
      take(heads[0]);
      return;
    }
    const takeLate = ([head]: readonly { readonly marksVersion: number }[]) => {
      take(head);
      this.push();
    };
    heads.then(takeLate).catch((error) => this.#told.failed(error));
  }

  /** Moves what has changed to the outlet, as far as there is place. */
  push(): void {
    for (const [chatId, version] of this.#changed) {
      if (this.#waiting.size >= WAITING_MAX) return;
      this.#changed.delete(chatId);
      const marks = new HandedMarks(this.#told, { chatId, version });
      this.#waiting.set(chatId, marks);
      this.#told.outlet.push(marks);
    }
  }

  handed(marks: HandedMarks): void {
    const { chatId } = marks;
    const marksSeen = HandedMarks.version(marks);
    this.#waiting.delete(chatId);
    this.#handed.set(chatId, marksSeen);
    this.#port.ack(chatId, this.#told.consumerId, { marksSeen }, (error) => {
      if (this.#handed.get(chatId) === marksSeen) this.#handed.delete(chatId);
      if (error !== undefined && error.code !== 'FOQ_NOT_JOINED') this.#told.failed(error);
    });
  }
}
