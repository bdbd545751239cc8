// HTTP with stand-ins for what it is given: who may do what, and how errors look.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'tap';
import { FoqError } from '../../../protocol/index.js';
import { metricRows } from '../metrics.js';
import { ADMIN, ANN, ANN_WITHOUT_DEVICE, anApp, STATS } from './rig.js';

test('healthz answers, and readyz says why the broker is not ready', async (t) => {
  const { get } = await anApp(t);
  t.same((await get('/healthz')).json(), { status: 'ok' });
  t.equal((await get('/readyz')).statusCode, 200);
  const poisoned = await anApp(t, {
    services: { stats: async () => ({ ...STATS, poisoned: true }) },
  });
  const answer = await poisoned.get('/readyz');
  t.equal(answer.statusCode, 503);
  t.match(answer.json(), { name: 'POISONED' });
  const closing = await anApp(t, { services: { isClosing: () => true } });
  t.match((await closing.get('/readyz')).json(), { name: 'CLOSED', status: 503 });
});

test('metrics have every name with its number, and twice the same', async (t) => {
  const { get } = await anApp(t);
  await get('/metrics');
  const { headers, body } = await get('/metrics');
  t.match(headers['content-type'], /^text\/plain/);
  const names = metricRows().map(([name = '']) => name.replaceAll('`', ''));
  t.ok(names.length > 10, 'the table was read');
  for (const name of names) t.match(body, new RegExp(`^# TYPE ${name} `, 'm'));
  t.match(body, /^foq_appends_total 7$/m);
  t.match(body, /^foq_devices 1$/m);
  t.match(body, /^foq_poisoned 0$/m);
  t.match(body, /^foq_closes_total\{code="4409"\} 2$/m);
});

test('docs/broker.md has the table of metrics', (t) => {
  const page = readFileSync(new URL('../../../../docs/broker.md', import.meta.url), 'utf8');
  const rows = metricRows().map((row) => `| ${row.join(' | ')} |\n`);
  t.ok(page.includes(`|---|---|\n${rows.join('')}\n`));
  t.end();
});

test('every error is a problem document with code and name, and nothing is cached', async (t) => {
  const { inject, get } = await anApp(t);
  const { statusCode, headers, body } = await get('/nowhere?token=secret');
  t.equal(statusCode, 404);
  t.match(headers['content-type'], /^application\/problem\+json/);
  t.equal(headers['cache-control'], 'no-store');
  t.equal(headers['x-content-type-options'], 'nosniff');
  t.match(JSON.parse(body), { type: 'about:blank', status: 404, code: 1404 });
  t.notMatch(body, 'secret');
  const stranger = await inject({ method: 'GET', url: '/chats' });
  t.equal(stranger.statusCode, 401);
  t.equal(stranger.headers['www-authenticate'], 'Bearer');
});

test('bodies that are no JSON, no object or too large are refused by name', async (t) => {
  const { inject, post } = await anApp(t, { who: ADMIN });
  const headers = { authorization: 'Bearer good', 'content-type': 'application/json' };
  const broken = await inject({ method: 'POST', url: '/users', payload: '{', headers });
  t.match(broken.json(), { status: 400, name: 'INVALID_ARGUMENT' });
  t.match((await post('/users', [1])).json(), { status: 400, name: 'INVALID_ARGUMENT' });
  const large = await post('/users', { userId: 'ann', displayName: 'x'.repeat(20_000) });
  t.match(large.json(), { status: 413, name: 'TOO_LARGE' });
});

test('a mistake of ours is told as INTERNAL, and reported', async (t) => {
  const mistake = new TypeError('secret of the server');
  const { get, reported } = await anApp(t, {
    services: { run: () => Promise.reject(mistake) },
  });
  const { statusCode, body } = await get('/chats');
  t.equal(statusCode, 500);
  t.notMatch(body, 'secret');
  t.same(reported, [mistake]);
});

test('a busy queue says when to come again', async (t) => {
  const error = new FoqError('FOQ_BUSY', { details: { retryAfterMs: 1_500 } });
  const { get } = await anApp(t, { services: { run: () => Promise.reject(error) } });
  const { statusCode, headers } = await get('/chats');
  t.equal(statusCode, 429);
  t.equal(headers['retry-after'], '2');
});

test('an admin makes users and devices, and a device that was known is linked again', async (t) => {
  const { post, linked } = await anApp(t, { who: ADMIN });
  t.match((await post('/users', { userId: 'ann', displayName: 'Ann' })).json(), {
    userId: 'ann',
    displayName: 'Ann',
  });
  t.equal((await post('/devices', { userId: 'ann', deviceId: 'new' })).statusCode, 201);
  t.equal((await post('/devices', { userId: 'ann', deviceId: 'old' })).statusCode, 200);
  t.same(linked, ['new', 'old']);
});

test('ids and names that are none are refused by field', async (t) => {
  const { post } = await anApp(t, { who: ADMIN });
  for (const userId of ['', 'a/b', 7, 'x'.repeat(64)]) {
    t.match((await post('/users', { userId })).json(), { details: { field: 'userId' } });
  }
  const device = await post('/devices', { userId: 'ann', deviceId: '-' });
  t.match(device.json(), { details: { field: 'deviceId' } });
  const named = await post('/users', { userId: 'ann', displayName: 'é'.repeat(129) });
  t.match(named.json(), { details: { field: 'displayName' } });
});

test('an eleventh device is too many, one that is known is not', async (t) => {
  const devices = Array.from({ length: 10 }, (_, index) => `d${index}`);
  const devicesOf = async () =>
    devices.map((deviceId) => {
      return { userId: 'ann', deviceId, name: 'n', platform: 'p', createdAt: 1 };
    });
  const given = await anApp(t, { who: ADMIN });
  const full = await anApp(t, {
    who: ADMIN,
    services: {
      directory: {
        upsertUser: () => Promise.reject(new Error('not asked')),
        upsertDevice: async ({ userId, deviceId }) => {
          const device = { userId, deviceId, name: 'n', platform: 'p', createdAt: 1 };
          return { device, created: false };
        },
        devicesOf,
        isRevoked: () => false,
      },
    },
  });
  t.equal((await given.post('/devices', { userId: 'ann', deviceId: 'd10' })).statusCode, 201);
  const refused = await full.post('/devices', { userId: 'ann', deviceId: 'd10' });
  t.match(refused.json(), { name: 'TOO_LARGE', details: { limit: 'devicesMax' } });
  t.equal((await full.post('/devices', { userId: 'ann', deviceId: 'd3' })).statusCode, 200);
});

test('a token of a device makes nobody; one without a device links its own alone', async (t) => {
  const device = await anApp(t);
  t.equal((await device.post('/users', { userId: 'bob' })).statusCode, 403);
  t.equal((await device.post('/devices', { userId: 'ann', deviceId: 'x' })).statusCode, 403);
  const user = await anApp(t, { who: ANN_WITHOUT_DEVICE });
  t.equal((await user.post('/users', { userId: 'ann' })).statusCode, 403);
  t.equal((await user.post('/devices', { userId: 'bob', deviceId: 'x' })).statusCode, 403);
  t.equal((await user.post('/devices', { deviceId: 'x' })).statusCode, 201);
  t.equal((await user.get('/chats')).statusCode, 403);
});

test('a user removes own devices, an admin any, and nobody another', async (t) => {
  const own = await anApp(t);
  t.equal((await own.remove('/users/ann/devices/phone')).statusCode, 204);
  t.match((await own.remove('/users/ann/devices/none')).json(), { name: 'DEVICE_NOT_FOUND' });
  t.equal((await own.remove('/users/bob/devices/phone')).statusCode, 403);
  const admin = await anApp(t, { who: ADMIN });
  t.equal((await admin.remove('/users/bob/devices/phone')).statusCode, 204);
});

test('a revoked device reads nothing', async (t) => {
  const { get } = await anApp(t, { who: { ...ANN, deviceId: 'lost' } });
  t.equal((await get('/chats')).statusCode, 401);
});

test('chats are read by the commands of the wire, with its checks', async (t) => {
  const { get, commands } = await anApp(t);
  const { headers, body } = await get('/chats/~dabc%2F1/history?since=3&limit=10');
  t.match(headers['content-type'], /^application\/json/);
  t.same(JSON.parse(body), { messages: [{ messageBody: { b64: 'AQ==' } }] });
  await get('/chats?limit=5&after=x');
  await get('/chats/~d1');
  t.same(commands, [
    { t: 'history', id: 0, chatId: '~dabc/1', limit: 10, since: 3 },
    { t: 'listChats', id: 0, after: 'x', limit: 5 },
    { t: 'getChat', id: 0, chatId: '~d1' },
  ]);
  for (const query of ['since=1&before=2', 'since=x', 'limit=0', 'limit=1&limit=2']) {
    const refused = await get(`/chats/c/history?${query}`);
    t.match(refused.json(), { status: 400, name: 'INVALID_ARGUMENT' }, query);
  }
  t.equal(commands.length, 3);
});

test('who comes through a proxy on this machine is not local', async (t) => {
  const { inject, get, froms } = await anApp(t);
  await get('/chats');
  const headers = { authorization: 'Bearer good', 'x-forwarded-for': '127.0.0.1' };
  await inject({ method: 'GET', url: '/chats', headers });
  const remoteAddress = '192.0.2.1';
  const far = { authorization: 'Bearer good' };
  await inject({ method: 'GET', url: '/chats', headers: far, remoteAddress });
  t.same(froms, [true, false, false]);
});

test('the demo is served under a strict policy where it is, and only its files', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-web-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  for (const name of ['index.html', 'app.js', 'notes.txt']) {
    writeFileSync(join(folder, name), `<${name}>`);
  }
  const { get } = await anApp(t, { webFolders: [join(folder, 'nowhere'), folder] });
  const page = await get('/chat-demo/?user=ann');
  t.equal(page.body, '<index.html>');
  t.match(page.headers['content-security-policy'], "default-src 'none'");
  t.match((await get('/chat-demo/app.js')).headers['content-type'], 'text/javascript');
  t.equal((await get('/chat-demo?user=ann')).headers.location, '/chat-demo/?user=ann');
  for (const path of ['notes.txt', '../app.js', '%2e%2e/app.js']) {
    t.equal((await get(`/chat-demo/${path}`)).statusCode, 404, path);
  }
  t.equal((await (await anApp(t)).get('/chat-demo')).statusCode, 404);
  const services = { development: undefined };
  const { get: getElsewhere } = await anApp(t, { webFolders: [folder], services });
  t.equal((await getElsewhere('/chat-demo')).statusCode, 404, 'without the development key');
});
