// Senders of an answer: each record gets its own, however many share a place.

import t from 'tap';
import { Senders } from '../senders.js';

/** What is said of ids that lie one after the other, in this order. */
function said(ids: readonly string[]): string[] {
  const senders = new Senders(Buffer.from(ids.join('')));
  let start = 0;
  return ids.map((id) => {
    const length = Buffer.byteLength(id);
    const senderId = senders.at(start, length);
    start += length;
    return senderId;
  });
}

t.test('300 senders that come twice each are told apart', async (t) => {
  const ids = Array.from({ length: 600 }, (_, number) => `user-${number % 300}`);
  t.same(said(ids), ids);
});

t.test('senders of one length that end alike are told apart', async (t) => {
  const ids = ['ann/phone', 'bob/phone', 'ann/phone', 'ann/phone', 'bnn/phone'];
  t.same(said(ids), ids);
});

t.test('a sender that another begins or ends with is told apart', async (t) => {
  const ids = ['ann', 'annann', 'ann', 'n', 'nn', 'n', '', 'ann', ''];
  t.same(said(ids), ids);
});

t.test('senders beyond ASCII are read as UTF-8', async (t) => {
  const ids = ['жук', 'жак', 'жук', '🐝', '🐞', '🐝'];
  t.same(said(ids), ids);
});
