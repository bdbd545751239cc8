// The page of the chat demo in a real browser: people talk, go offline and come back, reload, and
// their broker is killed; every page ends with every message once, in one order.

import { test } from 'tap';
import { aBroker, aBrowser, Person, skip } from './browser.js';

test('two users talk, and a message is durable, then delivered, then read', { skip }, async (t) => {
  const broker = await aBroker(t);
  const browser = await aBrowser(t);
  const bob = await Person.at(await browser.newContext(), { broker, query: 'user=bob' });
  const ann = await Person.at(await browser.newContext(), { broker, query: 'user=ann' });
  await ann.page.getByRole('textbox', { name: 'Write to' }).fill('bob');
  await ann.page.keyboard.press('Enter');
  await ann.write('bob', 'hello bob');
  t.equal(await ann.tickOnce('hello bob', 'delivered'), 'delivered');
  await bob.page.getByRole('button', { name: /^ann/ }).click();
  t.same(await bob.textsOnce(1), ['hello bob']);
  t.equal(await ann.tickOnce('hello bob', 'read'), 'read');
  await bob.write('ann', 'hello ann');
  t.same(await ann.textsOnce(2), ['hello bob', 'hello ann']);
  t.equal(await bob.tickOnce('hello ann', 'read'), 'read');
  t.same([...ann.complaints, ...bob.complaints], []);
});

test('a second tab is a second device, and so is the copy of a tab', { skip }, async (t) => {
  const broker = await aBroker(t);
  const browser = await aBrowser(t);
  const home = await browser.newContext();
  const first = await Person.at(home, { broker, query: 'user=ann&with=bob' });
  // Bob has no device yet, and all is kept for the one that he will have.
  await first.write('bob', 'one', 'two');
  await first.textsOnce(2);
  const second = await Person.at(home, { broker, query: 'user=ann&with=bob' });
  t.same(await second.textsOnce(2), ['one', 'two'], 'what was there before');
  await second.write('bob', 'three');
  await first.write('bob', 'four');
  t.equal((await first.textsOnce(4)).length, 4);
  t.same(await second.textsOnce(4), await first.textsOnce(4));
  const devices = [await first.deviceId(), await second.deviceId()];
  const storage = `sessionStorage.setItem('foq/ann/device', '${devices[0]}')`;
  await home.addInitScript(`sessionStorage.length === 0 && ${storage}`);
  const copy = await Person.at(home, { broker, query: 'user=ann&with=bob' });
  t.same(await copy.textsOnce(4), await first.textsOnce(4));
  devices.push(await copy.deviceId());
  t.equal(new Set(devices).size, 3, `three devices: ${devices.join()}`);
  await first.page.locator('.lane').nth(3).waitFor();
  const lanes = await first.page.locator('.lane').allInnerTexts();
  for (const device of devices) t.ok(lanes.some((lane) => lane.includes(device)));
  await first.is('online');
  t.same([...first.complaints, ...second.complaints, ...copy.complaints], []);
});

test('what is written offline outlives a reload, and all is complete after', {
  skip,
}, async (t) => {
  const broker = await aBroker(t);
  const browser = await aBrowser(t);
  const ann = await Person.at(await browser.newContext(), { broker, query: 'user=ann&with=bob' });
  const bob = await Person.at(await browser.newContext(), { broker, query: 'user=bob&with=ann' });
  await ann.write('bob', 'before');
  t.same(await bob.textsOnce(1), ['before']);
  const device = await ann.deviceId();
  await ann.switchOffline();
  await ann.is('offline');
  await ann.write('bob', 'ann 1', 'ann 2', 'ann 3');
  await bob.write('ann', 'bob 1', 'bob 2');
  t.same(await bob.textsOnce(3), ['before', 'bob 1', 'bob 2']);
  await ann.page.reload();
  await ann.is('offline');
  t.match(await ann.rowsOnce((rows) => rows.length === 4), [
    { text: 'before' },
    { text: 'ann 1', seq: null, tick: 'waiting' },
    { text: 'ann 2', seq: null, tick: 'waiting' },
    { text: 'ann 3', seq: null, tick: 'waiting' },
  ]);
  await ann.switchOffline();
  await ann.is('online');
  t.equal(await ann.deviceId(), device, 'a reload makes no new device');
  const all = ['before', 'bob 1', 'bob 2', 'ann 1', 'ann 2', 'ann 3'];
  t.same(await ann.textsOnce(6), all);
  t.same(await bob.textsOnce(6), all);
  t.equal(await ann.tickOnce('ann 3', 'read'), 'read');
  t.same([...ann.complaints, ...bob.complaints], []);
});

test('a broker that is killed under open pages loses and doubles nothing', { skip }, async (t) => {
  const broker = await aBroker(t);
  const browser = await aBrowser(t);
  const ann = await Person.at(await browser.newContext(), { broker, query: 'user=ann&with=bob' });
  const bob = await Person.at(await browser.newContext(), { broker, query: 'user=bob&with=ann' });
  const burst = Array.from({ length: 12 }, (_, number) => `burst ${number}`);
  for (const person of [ann, bob]) person.missesBroker();
  const written = ann.write('bob', ...burst);
  await bob.rowsOnce((rows) => rows.length > 0);
  await broker.kill();
  await written;
  await ann.is('connecting');
  await bob.is('connecting');
  await bob.write('ann', 'into the dark');
  await broker.start();
  await ann.is('online');
  await bob.is('online');
  const texts = await ann.textsOnce(burst.length + 1);
  t.same(await bob.textsOnce(burst.length + 1), texts, 'both pages have one order');
  t.same(
    texts.filter((text) => text !== 'into the dark'),
    burst,
    'a burst comes in the order in which it was written',
  );
  t.equal(texts.length, burst.length + 1, 'nothing is there twice');
  t.equal(await bob.tickOnce('into the dark', 'read'), 'read');
  t.same([...ann.complaints, ...bob.complaints], []);
});
