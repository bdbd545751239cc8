// What a device and its session see when the engine offers again, takes over or fails: over
// deliveries that the test hands out itself.

import { type Test, test } from 'tap';
import { openQueue } from '../../../engine/testing/index.js';
import { CLOSE_CODES, type Delivery, type RecordDelivery } from '../../../protocol/index.js';
import { encodeStored, STORED_KINDS } from '../../../protocol/wire/index.js';
import { STALLED_MS } from '../device-stream.js';
import { Rig, turn, until } from './rig.js';

const CHAT_ID = '~gchat';
const CONSUMER_ID = 'bob/phone';

/** Hands out what it is told, as the engine's deliveries would. */
class Script {
  readonly acked: unknown[] = [];
  #waiting: (readonly Delivery[])[] = [];
  #error: Error | undefined;
  #wake: () => void = () => undefined;

  hand(...batch: readonly Delivery[]): void {
    this.#waiting.push(batch);
    this.#wake();
  }

  fail(error: Error): void {
    this.#error = error;
    this.#wake();
  }

  record(seq: number, attempt: number): RecordDelivery {
    const header = { clientMsgId: `m${seq}` };
    const payload = encodeStored({ kind: 'message', header, body: `${seq}` });
    const nothing = () => undefined;
    return {
      kind: 'record',
      consumerId: CONSUMER_ID,
      chatId: CHAT_ID,
      seq,
      attempt,
      at: 1,
      recordKind: STORED_KINDS.message,
      senderId: 'ann/phone',
      payload,
      deleted: false,
      text: () => '',
      json: nothing,
      ack: nothing,
      ackDurable: () => Promise.resolve(),
      nack: nothing,
    };
  }

  async *batches(): AsyncGenerator<readonly Delivery[], undefined> {
    for (;;) {
      const waiting = this.#waiting;
      this.#waiting = [];
      yield* waiting;
      if (this.#error !== undefined) throw this.#error;
      if (this.#waiting.length > 0) continue;
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }
}

async function aRig(t: Test): Promise<{ rig: Rig; script: Script }> {
  const queue = await openQueue({ dir: ':memory:' });
  t.teardown(() => queue.close());
  const script = new Script();
  const { deliveries } = queue;
  queue.deliveries = () => {
    queue.deliveries = deliveries;
    const nothing = () => undefined;
    const consumer = {
      consumerId: CONSUMER_ID,
      ack: (...ack: unknown[]) => script.acked.push(ack),
      nack: nothing,
      add: () => Promise.resolve(),
      remove: nothing,
      detach: nothing,
    };
    return {
      attach: () => Promise.resolve(consumer),
      close: nothing,
      [Symbol.asyncIterator]: () => script.batches(),
    };
  };
  return { rig: new Rig(queue), script };
}

test('what is not acked is sent once more, and not again', async (t) => {
  const { rig, script } = await aRig(t);
  const bob = await rig.attach(CONSUMER_ID);
  for (const attempt of [1, 2, 3, 4]) script.hand(script.record(1, attempt));
  script.hand(script.record(2, 1));
  await until(() => bob.seqs.includes(2), 'what follows');
  t.same(
    bob.of('message').map(({ seq, attempt }) => [seq, attempt]),
    [
      [1, 1],
      [1, 2],
      [2, 1],
    ],
  );
});

test('a session that acks nothing for a minute is closed, with any ack it is not', async (t) => {
  const { rig, script } = await aRig(t);
  const bob = await rig.attach(CONSUMER_ID);
  script.hand(script.record(1, 1), script.record(2, 1));
  await until(() => bob.seqs.length === 2, 'both');
  rig.pass(STALLED_MS - 1);
  bob.attachment?.received(CHAT_ID, 1);
  rig.pass(STALLED_MS - 1);
  script.hand(script.record(2, 2));
  await until(() => bob.seqs.length === 3, 'once more');
  t.equal(bob.closed, undefined);
  rig.pass(1);
  script.hand(script.record(2, 3));
  await until(() => bob.closed !== undefined, 'the end');
  t.equal(bob.closed?.code, CLOSE_CODES.SLOW);
  t.same(script.acked, [[CHAT_ID, 1]]);
});

test('what was acked and is offered again is acked again, and not sent', async (t) => {
  const { rig, script } = await aRig(t);
  const bob = await rig.attach(CONSUMER_ID);
  script.hand(script.record(1, 1));
  await until(() => bob.seqs.length === 1, 'the first');
  bob.attachment?.received(CHAT_ID, 1);
  script.hand(script.record(1, 1), script.record(2, 1));
  await until(() => bob.seqs.length === 2, 'the second');
  t.same(bob.seqs, [1, 2]);
  t.same(script.acked, [
    [CHAT_ID, 1],
    [CHAT_ID, 1],
  ]);
});

test('what was on its way to an older session does not reach the newer one', async (t) => {
  const { rig, script } = await aRig(t);
  const old = await rig.attach(CONSUMER_ID);
  script.hand(script.record(1, 1));
  await until(() => old.seqs.length === 1, 'the first');
  script.hand(script.record(7, 1));
  const fresh = await rig.attach(CONSUMER_ID);
  script.hand(script.record(1, 1));
  await until(() => fresh.seqs.includes(1), 'its own');
  t.same(fresh.seqs, [1]);
});

test('a session that another process took over from is closed', async (t) => {
  const { rig, script } = await aRig(t);
  const bob = await rig.attach(CONSUMER_ID);
  script.hand({ kind: 'fenced', consumerId: CONSUMER_ID }, script.record(1, 1));
  await until(() => bob.closed !== undefined, 'the end');
  t.equal(bob.closed?.code, CLOSE_CODES.CONNECTED_ELSEWHERE);
  await turn();
  t.same(bob.seqs, [], 'nothing follows');
});

test('when the engine fails every session begins anew, and the next attaches again', async (t) => {
  const { rig, script } = await aRig(t);
  await rig.aGroup('ann/phone', ['bob']);
  const bob = await rig.attach(CONSUMER_ID);
  script.fail(new Error('the disk is gone'));
  await until(() => bob.closed !== undefined, 'the end');
  t.equal(bob.closed?.code, CLOSE_CODES.GO_AWAY);
  t.match(rig.failures, [{ message: 'the disk is gone' }]);
  const back = await rig.attach(CONSUMER_ID);
  await until(() => back.seqs.length === 1, 'the real one');
  t.same(back.seqs, [1]);
  rig.delivery.close();
});
