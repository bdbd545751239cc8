// What a stream knows of what it sent.

import { test } from 'tap';
import { DeviceStream, STALLED_MS } from '../device-stream.js';

const aStream = () => new DeviceStream('ann/phone', { send: () => true, close: () => undefined });

test('it is stalled when something is unacked for a minute, and not before', (t) => {
  const stream = aStream();
  t.notOk(stream.isStalled(STALLED_MS * 2), 'nothing was sent');
  stream.sends('~a', { fromSeq: 5, toSeq: 5 }, 1_000);
  stream.sends('~a', { fromSeq: 6, toSeq: 6 }, 2_000);
  t.notOk(stream.isStalled(STALLED_MS + 999));
  t.ok(stream.isStalled(STALLED_MS + 1_000));
  t.equal(stream.acked('~a', 5, 50_000), 5);
  t.notOk(stream.isStalled(STALLED_MS + 1_000), 'an ack is progress');
  t.equal(stream.acked('~a', 6, 60_000), 6);
  t.notOk(stream.isStalled(STALLED_MS * 9), 'nothing is unacked');
  t.end();
});

test('own messages count as sent where nothing is missing before them', (t) => {
  const stream = aStream();
  stream.serverAcked('~a', 1);
  t.equal(stream.sentUpTo('~a'), 0, 'of a chat that was never sent nothing is known');
  stream.sends('~a', { fromSeq: 5, toSeq: 5 }, 0);
  stream.serverAcked('~a', 7);
  t.equal(stream.sentUpTo('~a'), 5, 'not over a hole');
  stream.serverAcked('~a', 6);
  stream.acked('~a', 6, 0);
  stream.serverAcked('~a', 7);
  t.equal(stream.sentUpTo('~a'), 7, 'also when all is acked');
  t.end();
});

test('the last acks of many chats are forgotten in turn', (t) => {
  const stream = aStream();
  for (let chat = 0; chat < 300; chat += 1) {
    stream.sends(`~${chat}`, { fromSeq: 1, toSeq: 1 }, 0);
    stream.acked(`~${chat}`, 1, 0);
  }
  t.equal(stream.sentUpTo('~0'), 0);
  t.equal(stream.sentUpTo('~299'), 1);
  t.end();
});

test('an ack says something new or nothing', (t) => {
  const stream = aStream();
  stream.sends('~a', { fromSeq: 5, toSeq: 9 }, 0);
  t.equal(stream.acked('~a', 4, 0), undefined, 'below what was sent');
  t.equal(stream.acked('~a', 7, 0), 7);
  t.equal(stream.acked('~a', 7, 0), undefined);
  t.equal(stream.acked('~a', 99, 0), 9, 'no more than was sent');
  t.equal(stream.sentUpTo('~a'), 9);
  t.notOk(stream.sends('~a', { fromSeq: 8, toSeq: 8 }, 0), 'what it has acked it is not sent');
  t.ok(stream.sends('~a', { fromSeq: 10, toSeq: 10 }, 0));
  t.equal(stream.sentUpTo('~a'), 10);
  t.end();
});
