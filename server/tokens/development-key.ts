// The key with which a broker in development signs and verifies: made in the data directory, and
// readable by its owner alone.

import { randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import { FoqError } from '../../protocol/index.js';
import { AUDIENCE, ISSUER_DEVELOPMENT, type Scope } from './identity.js';
import type { IssuerKey } from './verifier.js';

const KEY_BYTES = 32;
const ALGORITHM = 'HS256';
const KEY_ID = 'development';

export interface TokenClaims {
  readonly userId: string;
  readonly deviceId?: string | undefined;
  readonly scope?: Scope | undefined;
  readonly expiresInSeconds: number;
}

export interface DevelopmentKey {
  readonly issuerKey: IssuerKey;
  sign(claims: TokenClaims, now: number): Promise<string>;
}

/** Makes the key where it is missing; two that come at once get the same. */
export async function developmentKey(dataDir: string): Promise<DevelopmentKey> {
  const folder = join(dataDir, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'development.key');
  const found = await readKey(path);
  return keyOf(found ?? (await makeKey(path)));
}

/** Only reads: for commands that speak to a broker which made it. Undefined when it is missing. */
export async function existingDevelopmentKey(dataDir: string): Promise<DevelopmentKey | undefined> {
  const found = await readKey(join(dataDir, 'keys', 'development.key'));
  return found === undefined ? undefined : keyOf(found);
}

async function readKey(path: string): Promise<Uint8Array | undefined> {
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (text === undefined) return undefined;
  const { mode } = await stat(path);
  if (process.platform !== 'win32' && (mode & 0o077) !== 0) {
    const message = `${path} may be read by others; make it 0600, or remove it for a new one.`;
    throw new FoqError('FOQ_UNAVAILABLE', { message });
  }
  const key = Buffer.from(text.trim(), 'hex');
  if (key.length === KEY_BYTES) return key;
  const message = `${path} does not hold ${KEY_BYTES} bytes in hex; remove it for a new one.`;
  throw new FoqError('FOQ_UNAVAILABLE', { message });
}

/** Written whole and synced under another name first: a crash leaves none or a good one. */
async function makeKey(path: string): Promise<Uint8Array> {
  const key = randomBytes(KEY_BYTES);
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${key.toString('hex')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  try {
    await link(draft, path);
    return key;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    const other = await readKey(path);
    if (other === undefined) throw error;
    return other;
  } finally {
    await rm(draft, { force: true });
  }
}

function keyOf(key: Uint8Array): DevelopmentKey {
  const issuerKey = {
    issuer: ISSUER_DEVELOPMENT,
    keyId: KEY_ID,
    algorithm: ALGORITHM,
    key,
  } as const;
  return {
    issuerKey,
    sign: async ({ userId, deviceId, scope = 'chat', expiresInSeconds }, now) => {
      const issuedAt = Math.floor(now / 1000);
      const claims = deviceId === undefined ? { scope } : { scope, dev: deviceId };
      return await new SignJWT(claims)
        .setProtectedHeader({ alg: ALGORITHM, kid: KEY_ID, typ: 'JWT' })
        .setSubject(userId)
        .setIssuer(ISSUER_DEVELOPMENT)
        .setAudience(AUDIENCE)
        .setIssuedAt(issuedAt)
        .setExpirationTime(issuedAt + expiresInSeconds)
        .sign(key);
    },
  };
}
