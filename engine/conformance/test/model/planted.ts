// Queues with one known mistake each. The class of tests that compares a queue with its model must
// find every one of them; one that it does not find shows what the class cannot see.

import type { Queue } from '../../../../protocol/index.js';

type Overrides = { [Name in keyof Queue]?: (queue: Queue) => Queue[Name] };

export const planted: Readonly<Record<string, Overrides>> = {
  'a retry is appended again': {
    append: (queue) => (chatId, payload, options) =>
      queue.append(chatId, payload, { ...options, dedupKey: undefined, dedupOver: undefined }),
  },
  'the read mark raises received': {
    ack: (queue) => async (chatId, consumerId, marks, options) => {
      const received = Math.max(marks.received ?? 0, marks.read ?? 0);
      await queue.ack(chatId, consumerId, { ...marks, received }, options);
    },
  },
  'an ack above the head is taken for an ack of the head': {
    ack: (queue) => async (chatId, consumerId, marks, options) => {
      const [head] = await queue.heads([chatId]);
      const atMost = (mark = 0) => Math.min(mark, head?.headSeq ?? 0);
      const { received, delivered, read } = marks;
      const clamped = {
        received: atMost(received),
        delivered: atMost(delivered),
        read: atMost(read),
      };
      await queue.ack(chatId, consumerId, clamped, options);
    },
  },
  'ifRoster is not looked at': {
    append: (queue) => (chatId, payload, options) =>
      queue.append(chatId, payload, { ...options, ifRoster: undefined }),
  },
  'a leave of an older membership ends the newer': {
    leave: (queue) => (chatId, consumerId) => queue.leave(chatId, consumerId),
  },
  'a join at the floor begins at 1': {
    join: (queue) => (chatId, consumerId, options) =>
      queue.join(chatId, consumerId, options?.at === 'first' ? { at: 1 } : options),
  },
  'trim takes one record too few': {
    trim: (queue) => (chatId, upToSeq) => queue.trim(chatId, Math.max(0, upToSeq - 1)),
  },
  'before is inclusive': {
    read: (queue) => (chatId, range) =>
      queue.read(
        chatId,
        range?.before === undefined ? range : { ...range, before: range.before + 1 },
      ),
  },
  'deleteChat keeps its consumers': {
    deleteChat: (queue) => async (chatId) => {
      const cursors = await queue.cursors(chatId);
      await queue.deleteChat(chatId);
      const joined = cursors.filter(({ leaveSeq }) => leaveSeq === undefined);
      for (const { consumerId } of joined) await queue.join(chatId, consumerId);
    },
  },
  'pending misses the last chat': {
    pending: (queue) => async (consumerId, options) => {
      const page = await queue.pending(consumerId, options);
      return { ...page, chats: page.chats.slice(0, -1) };
    },
  },
};

/** The queue, but for what is overridden. */
export function withMistake(queue: Queue, overrides: Overrides): Queue {
  return new Proxy(queue, {
    get(target, name) {
      const override = Object.hasOwn(overrides, name)
        ? overrides[name as keyof Queue]?.(target)
        : undefined;
      if (override !== undefined) return override;
      const found: unknown = Reflect.get(target, name, target);
      return typeof found === 'function' ? found.bind(target) : found;
    },
  });
}
