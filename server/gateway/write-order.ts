// The order of what one session is written: the serverAck for seq n comes before any message of
// that chat with a greater seq.
//
// While a send is under way nobody knows its seq, so messages of its chat that come meanwhile wait
// until it is answered. A send that begins later gets a greater seq than a message that is here
// already, so no message waits for it: sending without pause does not starve a reader.

import type { StreamEvent } from './services.js';

interface Held {
  readonly event: StreamEvent;
  /** The newest send that was under way when the event came. */
  readonly afterTicket: number;
}

export class WriteOrder {
  /** Tickets of sends under way, ascending, by chat. */
  readonly #sends = new Map<string, Set<number>>();
  /** In the order they came, by chat. */
  readonly #held = new Map<string, Held[]>();
  #heldCount = 0;

  get heldCount(): number {
    return this.#heldCount;
  }

  /** Tickets only grow. */
  sendBegins(chatId: string, ticket: number): void {
    const sends = this.#sends.get(chatId);
    if (sends === undefined) this.#sends.set(chatId, new Set([ticket]));
    else sends.add(ticket);
  }

  /** The events that need wait no longer, in order; write the answer before them. */
  sendEnds(chatId: string, ticket: number): StreamEvent[] {
    const sends = this.#sends.get(chatId);
    sends?.delete(ticket);
    if (sends?.size === 0) this.#sends.delete(chatId);
    return this.#released(chatId);
  }

  /** The events that may be written now; the others are held. */
  pass(events: readonly StreamEvent[]): readonly StreamEvent[] {
    if (this.#sends.size === 0 && this.#held.size === 0) return events;
    return events.filter((event) => !this.#hold(event));
  }

  #hold(event: StreamEvent): boolean {
    const chatId = chatOf(event);
    if (chatId === undefined) return false;
    const held = this.#held.get(chatId);
    const newest = [...(this.#sends.get(chatId) ?? [])].at(-1);
    if (held === undefined && newest === undefined) return false;
    const waiting = { event, afterTicket: newest ?? 0 };
    if (held === undefined) this.#held.set(chatId, [waiting]);
    else held.push(waiting);
    this.#heldCount += 1;
    return true;
  }

  #released(chatId: string): StreamEvent[] {
    const held = this.#held.get(chatId) ?? [];
    const [oldest = Number.POSITIVE_INFINITY] = this.#sends.get(chatId) ?? [];
    const blocked = held.findIndex(({ afterTicket }) => afterTicket >= oldest);
    const count = blocked === -1 ? held.length : blocked;
    const released = held.splice(0, count).map(({ event }) => event);
    if (held.length === 0) this.#held.delete(chatId);
    this.#heldCount -= released.length;
    return released;
  }
}

function chatOf({ event }: StreamEvent): string | undefined {
  return 'chatId' in event ? event.chatId : undefined;
}
