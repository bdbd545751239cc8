// Key sets of issuers: from a file and from an address, a new key, an old one that is gone, and an
// issuer who does not answer.

import { generateKeyPairSync } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { exportJWK, SignJWT } from 'jose';
import { type Test, test } from 'tap';
import { KeySet, tokenVerifier } from '../index.js';

const START = Date.UTC(2026, 0, 1);

function aKey(kid: string) {
  const { publicKey, privateKey } = generateKeyPairSync('ed25519');
  const exp = Math.floor(START / 1000) + 200_000;
  return {
    jwk: async () => ({ ...(await exportJWK(publicKey)), kid, alg: 'EdDSA', use: 'sig' }),
    token: (claims = {}) =>
      new SignJWT({ iss: 'shop', aud: 'foq', sub: 'ann', dev: 'phone', exp, ...claims })
        .setProtectedHeader({ alg: 'EdDSA', kid })
        .sign(privateKey),
  };
}

type Key = ReturnType<typeof aKey>;

async function setOf(...keys: readonly Key[]): Promise<string> {
  return JSON.stringify({ keys: await Promise.all(keys.map((key) => key.jwk())) });
}

/** A verifier whose only keys are at `place`; the clock is the test's. */
function aVerifier(place: string) {
  const rig = { now: START, failures: 0 };
  const failed = () => {
    rig.failures += 1;
  };
  const set = new KeySet({ issuer: 'shop', place, now: () => rig.now, failed });
  const verifier = tokenVerifier({ keys: [], keySets: [set] }, () => rig.now);
  return Object.assign(rig, { verify: (token: string) => verifier.verify(token) });
}

/** An issuer whose answer is the test's; undefined hangs up. */
async function anIssuer(t: Test, answer: string | undefined) {
  const issuer = { answer, asked: 0, status: 200 };
  const server = createServer((request, response) => {
    issuer.asked += 1;
    if (issuer.answer === undefined) request.destroy();
    else response.writeHead(issuer.status, { location: '/elsewhere' }).end(issuer.answer);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.teardown(() => {
    server.closeAllConnections();
    server.close();
  });
  const place = `http://127.0.0.1:${(server.address() as AddressInfo).port}/keys`;
  return Object.assign(issuer, { place });
}

const ANN = { userId: 'ann', deviceId: 'phone', scope: 'chat' };
const REFUSED = { code: 'FOQ_UNAUTHORIZED', message: /a key that is not known here/ };

test('a key set in a file verifies tokens of its issuer, each by its kid', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'foq-keys-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  const place = join(folder, 'keys.json');
  const [one, two, three] = [aKey('one'), aKey('two'), aKey('three')];
  writeFileSync(place, await setOf(one, two));
  const rig = aVerifier(place);
  t.match(await rig.verify(await one.token()), ANN);
  t.match(await rig.verify(await two.token()), ANN);
  await t.rejects(rig.verify(await three.token()), REFUSED);
  await t.rejects(rig.verify(await aKey('one').token()), { message: /its signature/ });
  await t.rejects(rig.verify(await one.token({ iss: 'other' })), REFUSED);
});

test('a new kid is found without a start, and one that left is refused', async (t) => {
  const [old, fresh] = [aKey('2025'), aKey('2026')];
  const issuer = await anIssuer(t, await setOf(old));
  const rig = aVerifier(issuer.place);
  t.match(await rig.verify(await old.token()), ANN);
  issuer.answer = await setOf(fresh);
  await t.rejects(rig.verify(await fresh.token()), REFUSED, 'not asked again at once');
  rig.now += 10_000;
  t.match(await rig.verify(await fresh.token()), ANN);
  await t.rejects(rig.verify(await old.token()), REFUSED);
  t.equal(issuer.asked, 2);
});

test('a key that left the set is refused after 5 minutes, though nobody had another', async (t) => {
  const [old, fresh] = [aKey('old'), aKey('fresh')];
  const issuer = await anIssuer(t, await setOf(old));
  const rig = aVerifier(issuer.place);
  t.match(await rig.verify(await old.token()), ANN);
  issuer.answer = await setOf(fresh);
  rig.now += 299_999;
  t.match(await rig.verify(await old.token()), ANN);
  rig.now += 1;
  await t.rejects(rig.verify(await old.token()), REFUSED);
  t.equal(issuer.asked, 2);
});

test('unknown kids and other algorithms, however many, ask the issuer once', async (t) => {
  const key = aKey('known');
  const issuer = await anIssuer(t, await setOf(key));
  const rig = aVerifier(issuer.place);
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const claims = part({ iss: 'shop', aud: 'foq', sub: 'ann', exp: START });
  for (const alg of ['none', 'None', 'HS256', 'RS256']) {
    const token = `${part({ alg, kid: 'known' })}.${claims}.`;
    await t.rejects(rig.verify(token), { message: /its algorithm/ }, alg);
  }
  t.equal(issuer.asked, 0, 'what chooses its algorithm is refused unread');
  const tokens = await Promise.all(Array.from({ length: 40 }, (_, at) => aKey(`x${at}`).token()));
  const settled = await Promise.allSettled(tokens.map((token) => rig.verify(token)));
  t.ok(settled.every((one) => one.status === 'rejected' && one.reason.code === REFUSED.code));
  t.equal(issuer.asked, 1);
});

test('keys of before count while the issuer does not answer, for a day', async (t) => {
  const [key, fresh] = [aKey('known'), aKey('fresh')];
  const issuer = await anIssuer(t, await setOf(key));
  const rig = aVerifier(issuer.place);
  t.match(await rig.verify(await key.token()), ANN);
  issuer.answer = undefined;
  rig.now += 3_600_000;
  t.match(await rig.verify(await key.token()), ANN);
  const unavailable = { code: 'FOQ_UNAVAILABLE', details: { retryAfterMs: 10_000 } };
  await t.rejects(rig.verify(await fresh.token()), unavailable, 'it may be a new one');
  await t.rejects(rig.verify(await fresh.token()), unavailable, 'and is asked for later');
  rig.now += 86_400_000;
  await t.rejects(rig.verify(await key.token()), unavailable);
  issuer.answer = await setOf(key);
  rig.now += 10_000;
  t.match(await rig.verify(await key.token()), ANN);
});

test('what is no key set is UNAVAILABLE, and said to the operator', async (t) => {
  const key = aKey('known');
  const issuer = await anIssuer(t, '');
  const answers = ['', '{"keys":7}', '[]', 'null', `{"keys":[],"more":"${'x'.repeat(70_000)}"}`];
  for (const answer of answers) {
    issuer.answer = answer;
    const rig = aVerifier(issuer.place);
    await t.rejects(rig.verify(await key.token()), { code: 'FOQ_UNAVAILABLE' }, answer.slice(0, 9));
    t.equal(rig.failures, 1);
  }
  issuer.answer = await setOf(key);
  for (const status of [404, 500, 302]) {
    issuer.status = status;
    const rig = aVerifier(issuer.place);
    await t.rejects(rig.verify(await key.token()), { code: 'FOQ_UNAVAILABLE' }, `${status}`);
  }
});

test('keys of other kinds in a set are passed over', async (t) => {
  const key = aKey('known');
  const secret = { kty: 'oct', k: 'c2VjcmV0', kid: 'secret', alg: 'HS256' };
  const forSecrecy = { ...(await key.jwk()), kid: 'other', use: 'enc' };
  const keys = [null, 7, {}, secret, forSecrecy, await key.jwk()];
  const issuer = await anIssuer(t, JSON.stringify({ keys }));
  const rig = aVerifier(issuer.place);
  t.match(await rig.verify(await key.token()), ANN);
  await t.rejects(rig.verify(await aKey('secret').token()), REFUSED);
  await t.rejects(rig.verify(await aKey('other').token()), REFUSED);
});
