// Users and devices over a real file: what stays, what is refused, who takes turns.

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { FoqError } from '../../../protocol/index.js';
import { openDirectory } from '../index.js';

async function aPath(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'foq-directory-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'directory.db');
}

const now = () => 1_700_000_000_000;

function hasCode(code: string) {
  return (error: unknown) => error instanceof FoqError && error.code === code;
}

async function rejectsWith(t: Test, promise: Promise<unknown>, code: string): Promise<void> {
  const error = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  t.ok(hasCode(code)(error), `rejected with ${code}`);
}

test('users and devices are there after the file was closed and opened', async (t) => {
  const path = await aPath(t);
  const first = await openDirectory({ path, now });
  await first.upsertUser({ userId: 'ann', displayName: 'Ann' });
  const { created } = await first.upsertDevice({ userId: 'ann', deviceId: 'phone' });
  t.ok(created);
  await first.close();
  const second = await openDirectory({ path, now });
  t.same(await second.users(['ann', 'nobody']), [
    { userId: 'ann', displayName: 'Ann', createdAt: now() },
  ]);
  t.match(await second.devicesOf(['ann']), [{ deviceId: 'phone', name: 'phone' }]);
  const again = await second.upsertDevice({ userId: 'ann', deviceId: 'phone', platform: 'web' });
  t.notOk(again.created);
  t.equal((await second.upsertUser({ userId: 'ann' })).displayName, 'Ann', 'the name stays');
  await second.close();
});

test('a device of an unknown user is refused', async (t) => {
  const directory = await openDirectory({ path: await aPath(t), now });
  const linking = directory.upsertDevice({ userId: 'nobody', deviceId: 'phone' });
  await rejectsWith(t, linking, 'FOQ_USER_NOT_FOUND');
  await directory.close();
});

test('a revoked device is known at once and after opening, and its id is used up', async (t) => {
  const path = await aPath(t);
  const device = { userId: 'ann', deviceId: 'phone' };
  const first = await openDirectory({ path, now });
  await first.upsertUser({ userId: 'ann' });
  await first.upsertDevice(device);
  t.notOk(first.isRevoked(device));
  t.ok(await first.revokeDevice(device));
  t.ok(first.isRevoked(device));
  t.notOk(await first.revokeDevice(device), 'only once');
  t.same(await first.devicesOf(['ann']), []);
  await rejectsWith(t, first.upsertDevice(device), 'FOQ_FORBIDDEN');
  await first.close();
  const second = await openDirectory({ path, now });
  t.ok(second.isRevoked(device));
  await second.close();
});

test('1,200 ids are asked for in parts, and 40 changes at once take turns', async (t) => {
  const directory = await openDirectory({ path: await aPath(t), now });
  const userIds = Array.from({ length: 1200 }, (_, index) => `user-${index}`);
  await Promise.all(userIds.slice(0, 40).map((userId) => directory.upsertUser({ userId })));
  await directory.upsertUser({ userId: 'user-1199' });
  t.equal((await directory.users(userIds)).length, 41);
  t.same(await directory.users([]), []);
  await directory.close();
});
