// Who gets a token from a broker in development: its own page in a browser of this machine, and
// nobody that a page of somebody else could be.

import type { InjectOptions } from 'fastify';
import { test } from 'tap';
import type { Device } from '../services.js';
import { anApp } from './rig.js';

const OWN = { host: '127.0.0.1:7420', origin: 'http://127.0.0.1:7420' };

function admission(more: Partial<InjectOptions> = {}): InjectOptions {
  const payload = { userId: 'ann', deviceId: 'tab-1' };
  return { method: 'POST', url: '/chat-demo/admission', payload, headers: OWN, ...more };
}

test('the own page gets a token, and its user and device are made', async (t) => {
  const { inject, linked } = await anApp(t);
  const names = ['127.0.0.1:7420', 'localhost:7420', '[::1]:7420', 'localhost'];
  for (const host of names) {
    const headers = { host, origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    t.same((await inject(admission({ headers }))).json(), { token: 'token of ann/tab-1' }, host);
  }
  t.equal((await inject(admission())).statusCode, 200, 'a browser without sec-fetch-site');
  t.equal(linked.length, 5);
  const alone = await inject(admission({ payload: { userId: 'bob' } }));
  t.same(alone.json(), {}, 'a user without a device is made, and no token');
  t.equal(linked.length, 5);
});

test('no other page gets one, nor anybody beyond this machine', async (t) => {
  const { inject, linked } = await anApp(t);
  const refused: Readonly<Record<string, Partial<InjectOptions>>> = {
    'a page of a stranger': { headers: { ...OWN, origin: 'https://evil.example' } },
    'a page without an address': { headers: { ...OWN, origin: 'null' } },
    'another page of this machine': { headers: { ...OWN, origin: 'http://127.0.0.1:8000' } },
    'the same name over TLS': { headers: { ...OWN, origin: 'https://127.0.0.1:7420' } },
    'a program that says no origin': { headers: { host: OWN.host } },
    'a name that is made to point here': {
      headers: { host: 'evil.example:7420', origin: 'http://evil.example:7420' },
    },
    'a name that begins like ours': {
      headers: { host: 'localhost.evil.example', origin: 'http://localhost.evil.example' },
    },
    'a name with a user before it': {
      headers: { host: 'localhost:1@evil.example', origin: 'http://localhost:1@evil.example' },
    },
    'no name at all': { headers: { host: '', origin: 'http://' } },
    'a browser that says cross-site': { headers: { ...OWN, 'sec-fetch-site': 'cross-site' } },
    'a browser that says same-site': { headers: { ...OWN, 'sec-fetch-site': 'same-site' } },
    'another machine': { remoteAddress: '192.0.2.1' },
    'a proxy on this machine': { headers: { ...OWN, 'x-forwarded-for': '192.0.2.1' } },
  };
  for (const [who, options] of Object.entries(refused)) {
    const { statusCode, body } = await inject(admission(options));
    t.equal(statusCode, 403, who);
    t.notMatch(body, 'token of', who);
  }
  t.same(linked, []);
  const text = { ...OWN, 'content-type': 'text/plain' };
  const simple = await inject(admission({ headers: text, payload: '{"userId":"ann"}' }));
  t.equal(simple.statusCode, 400, 'a form of a stranger can send text alone');
});

test('without the development key there is neither admission nor a picture', async (t) => {
  const { inject, get } = await anApp(t, { services: { development: undefined } });
  t.equal((await inject(admission())).statusCode, 404);
  t.equal((await get('/chat-demo/cursors?chatId=~d1')).statusCode, 404);
});

test('ids that are none are refused by field', async (t) => {
  const { inject } = await anApp(t);
  const misfits = { userId: { userId: 'a/b' }, deviceId: { userId: 'ann', deviceId: '-' } };
  for (const [field, payload] of Object.entries(misfits)) {
    t.match((await inject(admission({ payload }))).json(), { status: 400, details: { field } });
  }
});

test('the oldest tab makes place for an eleventh device, and no other device does', async (t) => {
  const revoked: string[] = [];
  const ten = (platforms: readonly string[]): Device[] =>
    platforms.map((platform, age) => {
      return { userId: 'ann', deviceId: `d${age}`, name: 'n', platform, createdAt: 100 - age };
    });
  const appWith = async (platforms: readonly string[]) => {
    let devices = ten(platforms);
    const { inject } = await anApp(t, {
      services: {
        directory: {
          upsertUser: async ({ userId }) => ({ userId, displayName: userId, createdAt: 1 }),
          upsertDevice: async ({ userId, deviceId, platform = '' }) => {
            const device = { userId, deviceId, name: 'n', platform, createdAt: 1 };
            return { device, created: true };
          },
          devicesOf: async () => devices,
          isRevoked: () => false,
        },
        revoke: async ({ deviceId }) => {
          revoked.push(deviceId);
          devices = devices.filter((device) => device.deviceId !== deviceId);
          return true;
        },
      },
    });
    return inject;
  };
  const phones = Array.from({ length: 8 }, () => 'phone');
  const mixed = await appWith([...phones, 'chat-demo', 'chat-demo']);
  const known = { userId: 'ann', deviceId: 'd8' };
  t.equal((await mixed(admission({ payload: known }))).statusCode, 200);
  t.same(revoked, [], 'a tab that is known needs no place');
  t.equal((await mixed(admission())).statusCode, 200);
  t.same(revoked, ['d9']);
  const full = await appWith([...phones, 'phone', 'phone']);
  t.match((await full(admission())).json(), { name: 'TOO_LARGE' });
  t.same(revoked, ['d9']);
});

test('the picture has every cursor of a chat, for its members', async (t) => {
  const { get, commands } = await anApp(t);
  const { cursors } = (await get('/chat-demo/cursors?chatId=~d1')).json();
  t.same(cursors, [{ userId: 'ann', deviceId: 'phone', received: 2, read: 1 }]);
  t.match(commands, [{ t: 'getReceipts', chatId: '~d1' }], 'asked as a member would');
  t.equal((await get('/chat-demo/cursors')).statusCode, 400);
  const strangers = await anApp(t, {
    services: { run: () => Promise.reject(new Error('not a member')) },
  });
  t.equal((await strangers.get('/chat-demo/cursors?chatId=~d1')).statusCode, 500);
});
