// What a random run does, as plain data that fast-check can make and shrink. Chats and consumers
// are small numbers; a seq is a choice that is mapped into what its chat has when it is used.

import fc from 'fast-check';
import type { Keep } from '../../../../protocol/index.js';

export const CHATS = 3;
export const CONSUMERS = 4;
/** Keys of a sender; more than the dedup depth, so that some are forgotten. */
const KEYS = 6;

/** Right, or one too high. */
type Guess = 'right' | 'wrong';

export interface AppendOperation {
  readonly kind: 'append';
  readonly chat: number;
  readonly sender: { readonly by: 'as' | 'senderId' | 'nobody'; readonly consumer: number };
  readonly key: number | undefined;
  readonly over: number | undefined;
  readonly payload: number;
  readonly guard: Guess | undefined;
  readonly ifHead: Guess | undefined;
  readonly ifRoster: Guess | undefined;
  readonly join: readonly number[];
  readonly leave: readonly number[];
  readonly pin: boolean;
  readonly byte: number;
}

interface Place {
  readonly chat: number;
  readonly consumer: number;
}

export interface JoinOperation extends Place {
  readonly kind: 'join';
  readonly at: 'head' | 'first' | number;
}

export interface LeaveOperation extends Place {
  readonly kind: 'leave';
}

export interface AckOperation extends Place {
  readonly kind: 'ack';
  readonly received: number | undefined;
  readonly delivered: number | undefined;
  readonly read: number | undefined;
  readonly durable: boolean;
}

export interface TrimOperation {
  readonly kind: 'trim';
  readonly chat: number;
  readonly seq: number;
}

/** What a bulk may hold. */
export type SmallOperation =
  | AppendOperation
  | JoinOperation
  | LeaveOperation
  | AckOperation
  | TrimOperation;

export type Operation =
  | SmallOperation
  | { readonly kind: 'bulk'; readonly operations: readonly SmallOperation[] }
  | { readonly kind: 'at-once'; readonly operations: readonly SmallOperation[] }
  | { readonly kind: 'leave-older'; readonly chat: number; readonly consumer: number }
  | { readonly kind: 'join-many'; readonly consumer: number; readonly chats: readonly number[] }
  | { readonly kind: 'forget'; readonly consumer: number }
  | {
      readonly kind: 'delete-records';
      readonly chat: number;
      readonly ranges: readonly (readonly [number, number])[];
    }
  | { readonly kind: 'delete-chat'; readonly chat: number }
  | { readonly kind: 'configure'; readonly chat: number; readonly keep: Keep }
  | {
      readonly kind: 'read';
      readonly chat: number;
      readonly by: 'fromSeq' | 'before' | 'last';
      readonly seq: number;
      readonly limit: number;
    }
  | {
      readonly kind: 'consume';
      readonly consumer: number;
      readonly take: number;
      /** Whether the n-th delivery is acked, in turn. */
      readonly acks: readonly boolean[];
    }
  | { readonly kind: 'check' }
  | { readonly kind: 'reopen' };

const chat = fc.nat(CHATS - 1);
const consumer = fc.nat(CONSUMERS - 1);
const seq = fc.nat(60);
/** Mostly absent, and mostly right, so that many appends are accepted. */
const guess = fc.constantFrom<Guess | undefined>(
  ...[undefined, undefined, undefined, undefined, undefined, undefined],
  ...(['right', 'right', 'right', 'wrong'] as const),
);
const maybe = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });

const append: fc.Arbitrary<AppendOperation> = fc.record({
  kind: fc.constant('append' as const),
  chat,
  sender: fc.record({ by: fc.constantFrom('as', 'senderId', 'nobody'), consumer }),
  key: maybe(fc.nat(KEYS - 1)),
  over: fc.constantFrom(undefined, undefined, 0, 1),
  payload: fc.nat(3),
  guard: guess,
  ifHead: guess,
  ifRoster: guess,
  join: fc.array(consumer, { maxLength: 2, size: 'xsmall' }),
  leave: fc.array(consumer, { maxLength: 1, size: 'xsmall' }),
  pin: fc.boolean(),
  byte: fc.nat(255),
});

const join: fc.Arbitrary<JoinOperation> = fc.record({
  kind: fc.constant('join' as const),
  chat,
  consumer,
  at: fc.oneof(fc.constantFrom('head', 'first'), seq),
});

const leave: fc.Arbitrary<LeaveOperation> = fc.record({
  kind: fc.constant('leave' as const),
  chat,
  consumer,
});

const ack: fc.Arbitrary<AckOperation> = fc.record({
  kind: fc.constant('ack' as const),
  chat,
  consumer,
  received: maybe(seq),
  delivered: maybe(seq),
  read: maybe(seq),
  durable: fc.boolean(),
});

const trim: fc.Arbitrary<TrimOperation> = fc.record({
  kind: fc.constant('trim' as const),
  chat,
  seq,
});

const small: fc.Arbitrary<SmallOperation> = fc.oneof(
  { weight: 6, arbitrary: append },
  { weight: 2, arbitrary: join },
  { weight: 1, arbitrary: leave },
  { weight: 4, arbitrary: ack },
  { weight: 1, arbitrary: trim },
);

const several = fc.array(small, { minLength: 1, maxLength: 8 });
const of = <Kind extends string>(kind: Kind) => fc.constant(kind);

const operation: fc.Arbitrary<Operation> = fc.oneof(
  { weight: 20, arbitrary: small },
  { weight: 4, arbitrary: fc.record({ kind: of('bulk'), operations: several }) },
  { weight: 4, arbitrary: fc.record({ kind: of('at-once'), operations: several }) },
  { weight: 1, arbitrary: fc.record({ kind: of('leave-older'), chat, consumer }) },
  {
    weight: 1,
    arbitrary: fc.record({ kind: of('join-many'), consumer, chats: fc.array(chat) }),
  },
  { weight: 1, arbitrary: fc.record({ kind: of('forget'), consumer }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of('delete-records'),
      chat,
      ranges: fc.array(fc.tuple(seq, seq), { minLength: 1, maxLength: 3 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: of('delete-chat'), chat }) },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: of('configure'),
      chat,
      keep: fc.constantFrom<Keep>('until-received', 'window', 'forever'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: of('read'),
      chat,
      by: fc.constantFrom('fromSeq', 'before', 'last'),
      seq,
      limit: fc.integer({ min: 1, max: 20 }),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      kind: of('consume'),
      consumer,
      take: fc.integer({ min: 1, max: 30 }),
      acks: fc.array(fc.boolean(), { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: of('check') }) },
  { weight: 1, arbitrary: fc.record({ kind: of('reopen') }) },
);

/** A run: up to 40 operations, one after another. */
export const runs: fc.Arbitrary<Operation[]> = fc.array(operation, {
  minLength: 1,
  maxLength: 40,
  size: 'max',
});
