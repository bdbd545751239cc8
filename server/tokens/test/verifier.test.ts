// Tokens: what a good one says, and that no wrong one is believed.

import { generateKeyPairSync, randomBytes } from 'node:crypto';
import { exportJWK, SignJWT } from 'jose';
import { test } from 'tap';
import { FoqError } from '../../../protocol/index.js';
import { type IssuerKey, tokenVerifier } from '../index.js';

const NOW = Date.UTC(2026, 0, 1);
const seconds = Math.floor(NOW / 1000);
const secret = randomBytes(32);
const pair = generateKeyPairSync('ed25519');
const foreign = generateKeyPairSync('ed25519');

const keys: readonly IssuerKey[] = [
  { issuer: 'shop', keyId: 'shared', algorithm: 'HS256', key: secret },
  { issuer: 'shop', keyId: 'signed', algorithm: 'EdDSA', key: pair.publicKey },
];
const verifier = tokenVerifier({ keys }, () => NOW);

const good = { iss: 'shop', aud: 'foq', sub: 'ann', dev: 'phone', exp: seconds + 600 };

type Claims = Record<string, unknown>;

async function shared(claims: Claims, header: Claims = {}): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256', kid: 'shared', ...header })
    .sign(secret);
}

async function signed(claims: Claims, header: Claims = {}, key = pair.privateKey): Promise<string> {
  return await new SignJWT(claims)
    .setProtectedHeader({ alg: 'EdDSA', kid: 'signed', ...header })
    .sign(key);
}

function unsigned(claims: Claims, header: Claims): string {
  const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part(header)}.${part(claims)}.`;
}

/** The oldest trick: the public key as the shared secret. */
async function confused(): Promise<string> {
  const text = JSON.stringify(await exportJWK(pair.publicKey));
  return await new SignJWT(good)
    .setProtectedHeader({ alg: 'HS256', kid: 'signed' })
    .sign(new TextEncoder().encode(text));
}

test('a token of either kind says who sends it', async (t) => {
  const identity = { userId: 'ann', deviceId: 'phone', scope: 'chat', expiresAt: good.exp * 1000 };
  t.same(await verifier.verify(await shared(good)), identity);
  t.same(await verifier.verify(await signed(good)), identity);
  const { dev: _, ...withoutDevice } = good;
  const linking = await verifier.verify(await signed({ ...withoutDevice, scope: 'admin' }));
  t.same(linking, { userId: 'ann', scope: 'admin', expiresAt: good.exp * 1000 });
  t.ok(await verifier.verify(await shared({ ...good, exp: seconds - 30 })), 'within the skew');
});

const without = (name: keyof typeof good) =>
  Object.fromEntries(Object.entries(good).filter(([key]) => key !== name));

/** 42 tokens, each wrong in one way. */
const bad: Readonly<Record<string, string | Promise<string>>> = {
  empty: '',
  'one dot': 'a.b',
  'no dots': 'token',
  'three empty parts': '..',
  'four dots': 'a.b.c.d.e',
  'not base64': '!!.??.##',
  'a header that is no JSON': `${Buffer.from('x').toString('base64url')}.e30.e30`,
  'a header that is a list': `${Buffer.from('[]').toString('base64url')}.e30.e30`,
  'very long': `${'a'.repeat(5000)}.b.c`,
  'alg none': unsigned(good, { alg: 'none', kid: 'shared' }),
  'alg None': unsigned(good, { alg: 'None', kid: 'signed' }),
  'no alg': unsigned(good, { kid: 'shared' }),
  'alg HS512': shared(good, { alg: 'HS512' }).catch(() => 'x.y.z'),
  'no kid': shared(good, { kid: undefined }),
  'an unknown kid': shared(good, { kid: 'other' }),
  'a kid that is a number': unsigned(good, { alg: 'HS256', kid: 7 }),
  'a kid that is a path': shared(good, { kid: '../../dev/null' }),
  'a kid of the other kind': shared(good, { kid: 'signed' }),
  'a public key as a secret': confused(),
  'signed by a stranger': signed(good, {}, foreign.privateKey),
  'another key inside': signed(good, { jwk: { kty: 'OKP' } }, foreign.privateKey),
  'a URL of keys inside': signed(good, { jku: 'http://127.0.0.1/keys' }, foreign.privateKey),
  'a changed body': shared(good).then((token) => {
    const [head, , mark] = token.split('.');
    const body = Buffer.from(JSON.stringify({ ...good, sub: 'bob' })).toString('base64url');
    return `${head}.${body}.${mark}`;
  }),
  'a changed signature': shared(good).then((token) => `${token.slice(0, -4)}AAAA`),
  'a cut signature': shared(good).then((token) => token.slice(0, -8)),
  'an empty signature': shared(good).then((token) => token.slice(0, token.lastIndexOf('.') + 1)),
  expired: shared({ ...good, exp: seconds - 61 }),
  'long expired': signed({ ...good, exp: 1 }),
  'no expiry': shared(without('exp')),
  'an expiry in words': shared({ ...good, exp: 'tomorrow' }),
  'not yet valid': shared({ ...good, nbf: seconds + 120 }),
  'no issuer': shared(without('iss')),
  'another issuer': shared({ ...good, iss: 'foq-development' }),
  'no audience': shared(without('aud')),
  'another audience': shared({ ...good, aud: 'bank' }),
  'no user': shared(without('sub')),
  'an empty user': shared({ ...good, sub: '' }),
  'a user with a slash': shared({ ...good, sub: 'ann/phone' }),
  'a user that is a number': shared({ ...good, sub: 7 }),
  'the reserved device': shared({ ...good, dev: '-' }),
  'a device of 64 bytes': shared({ ...good, dev: 'd'.repeat(64) }),
  'an unknown scope': shared({ ...good, scope: 'root' }),
};

test('each of 42 wrong tokens is refused with FOQ_UNAUTHORIZED, and never repeated', async (t) => {
  t.equal(Object.keys(bad).length, 42);
  for (const [what, given] of Object.entries(bad)) {
    const token = await given;
    const error = await verifier.verify(token).then(
      () => undefined,
      (reason: unknown) => reason,
    );
    t.ok(error instanceof FoqError && error.code === 'FOQ_UNAUTHORIZED', what);
    const said = error instanceof Error ? error.message : '';
    t.notOk(token.length > 8 && said.includes(token), `${what}: the answer does not hold it`);
  }
});
