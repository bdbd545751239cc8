// Replies and events: every sample fits its schema, a command without an id has no reply, and what
// goes to many is encoded once.

import { test } from 'tap';
import { Compile } from 'typebox/compile';
import { encodeMap } from '../codec/index.js';
import { Broadcast, EVENTS, eventOf, replyTo, SUBPROTOCOLS, type WireEvent } from '../index.js';
import { type CommandName, REPLIES } from '../schema/registry.js';
import { EVENT_SAMPLES, REPLY_SAMPLES } from './samples.js';

test('every reply that is sampled fits its schema, and every reply is sampled', (t) => {
  for (const name of Object.keys(REPLIES) as CommandName[]) {
    t.same(Compile(REPLIES[name]).Errors(REPLY_SAMPLES[name]), [], name);
  }
  t.end();
});

test('every event that is sampled fits its schema, and every event is sampled', (t) => {
  const sampled = Object.values(EVENT_SAMPLES).map((event) => event.t);
  t.same([...new Set(sampled)].sort(), Object.keys(EVENTS).sort());
  for (const [name, event] of Object.entries(EVENT_SAMPLES)) {
    t.same(Compile(EVENTS[event.t]).Errors(event), [], name);
  }
  t.end();
});

test('a reply has the id of its command, and that to hello is welcome', (t) => {
  const at = { chatId: 'c', seq: 1, created: true };
  t.same(replyTo<'createChat'>({ t: 'createChat', id: 7 }, at), { t: 'ok', id: 7, ...at });
  t.match(replyTo<'hello'>({ t: 'hello', id: 0 }, REPLY_SAMPLES.hello), { t: 'welcome', id: 0 });
  t.equal(replyTo<'ping'>({ t: 'ping' }, {}), undefined);
  t.same(eventOf('removed', { chatId: 'c', seq: 1 }), { t: 'removed', chatId: 'c', seq: 1 });
  t.end();
});

test('a broadcast is encoded once for each encoding, as a single event would be', (t) => {
  let encodings = 0;
  const event: WireEvent = {
    t: 'removed',
    chatId: 'c',
    get seq() {
      encodings += 1;
      return 5;
    },
  };
  const broadcast = new Broadcast(event);
  for (const subprotocol of [...SUBPROTOCOLS, ...SUBPROTOCOLS]) {
    const single = encodeMap({ t: 'removed', chatId: 'c', seq: 5 }, subprotocol);
    t.same(Buffer.from(broadcast.encoded(subprotocol)), Buffer.from(single));
    t.equal(broadcast.encoded(subprotocol), broadcast.encoded(subprotocol));
  }
  t.ok(encodings <= 2 * SUBPROTOCOLS.length, `${encodings} reads of the event`);
  t.end();
});
