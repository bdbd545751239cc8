// The development key: made once, kept from others.

import { chmod, mkdtemp, readdir, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Test, test } from 'tap';
import { developmentKey, existingDevelopmentKey, tokenVerifier } from '../index.js';

const NOW = Date.UTC(2026, 0, 1);

async function aFolder(t: Test): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'foq-keys-'));
  t.teardown(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

test('eight that make the key at once have the same, and only its owner may read it', async (t) => {
  const folder = await aFolder(t);
  t.equal(await existingDevelopmentKey(folder), undefined);
  const keys = await Promise.all(Array.from({ length: 8 }, () => developmentKey(folder)));
  const token = await keys[0]?.sign({ userId: 'ann', expiresInSeconds: 60 }, NOW);
  for (const { issuerKey } of keys) {
    const verifier = tokenVerifier({ keys: [issuerKey] }, () => NOW);
    t.match(await verifier.verify(token ?? ''), { userId: 'ann' });
  }
  t.same(await readdir(join(folder, 'keys')), ['development.key'], 'no draft is left');
  const { mode } = await stat(join(folder, 'keys', 'development.key'));
  t.equal(mode & 0o777, 0o600);
});

test('a key that others may read is refused, and says how to mend it', async (t) => {
  const folder = await aFolder(t);
  await developmentKey(folder);
  await chmod(join(folder, 'keys', 'development.key'), 0o644);
  await t.rejects(developmentKey(folder), { code: 'FOQ_UNAVAILABLE', message: /0600/ });
});
