// Loops over a consumer in the background, and what they heard in a few words; for tests.

import type { ConsumeOptions, Consumer, Delivery } from '../../../protocol/index.js';
import { StandIn } from './stand-in.js';

/** A delivery in a few words. */
export function said(delivery: Delivery): string {
  switch (delivery.kind) {
    case 'record':
      return `${delivery.chatId} ${delivery.seq}${delivery.attempt > 1 ? ' again' : ''}`;
    case 'gap':
      return `${delivery.chatId} gap ${delivery.fromSeq}-${delivery.toSeq} ${delivery.reason}`;
    case 'caught-up':
      return `caught up ${delivery.chatId ?? 'all'}`;
    case 'marks':
      return `${delivery.chatId} marks`;
    case 'fenced':
      return 'fenced';
  }
}

export interface Loop {
  readonly said: string[];
  readonly deliveries: Delivery[];
  readonly ended: Promise<unknown>;
}

/** Iterates in the background; `ended` resolves to the error or to undefined. */
export function loop(consumer: Consumer, each?: (delivery: Delivery) => void): Loop {
  const [words, deliveries]: [string[], Delivery[]] = [[], []];
  const run = async () => {
    for await (const delivery of consumer) {
      words.push(said(delivery));
      deliveries.push(delivery);
      each?.(delivery);
    }
  };
  const ended = run().then(
    () => undefined,
    (error: unknown) => error,
  );
  return { said: words, deliveries, ended };
}

export const ack = (delivery: Delivery) => {
  if (delivery.kind === 'record' || delivery.kind === 'gap') delivery.ack();
};

export function aQueue(heads: Readonly<Record<string, number>> = {}, consumerId = 'bob/phone') {
  const queue = new StandIn();
  for (const [chatId, head] of Object.entries(heads)) {
    queue.member(chatId, consumerId, 0);
    queue.append(chatId, { count: head });
  }
  const consume = (options?: ConsumeOptions) => queue.hub.consume(consumerId, options);
  return { queue, consume };
}

export const seqs = (chatId: string, from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => `${chatId} ${from + index}`);
