// The keys of a broker that are no one else's business: those that verify tokens, as the
// configuration names them, and the one that chat ids are computed with.

import { createPublicKey, randomBytes } from 'node:crypto';
import { link, mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FoqError } from '../protocol/index.js';
import { isLoopback } from './exposure.js';
import { type IssuerKey, KeySet, type KeySetOptions } from './tokens/index.js';

const KEY_BYTES = 32;
const SPEC = /^(?<issuer>[^:]+):(?<keyId>[^:]+):(?<algorithm>EdDSA|HS256):(?<file>.+)$/;

/** The files of `issuer:keyId:algorithm:file`, read. FOQ_INVALID_ARGUMENT. */
export async function readTokenKeys(specs: readonly string[]): Promise<IssuerKey[]> {
  return await Promise.all(specs.map(readTokenKey));
}

async function readTokenKey(spec: string): Promise<IssuerKey> {
  const { issuer = '', keyId = '', algorithm, file = '' } = SPEC.exec(spec)?.groups ?? {};
  if (algorithm === undefined) throw refused(`${spec} is not issuer:keyId:EdDSA or HS256:file.`);
  const read = await readFile(file, 'utf8').catch((cause: unknown) => {
    throw refused(`The key ${file} cannot be read.`, cause);
  });
  if (algorithm === 'EdDSA') return { issuer, keyId, algorithm, key: publicKeyOf(read, file) };
  const key = Buffer.from(read.trim(), 'hex');
  if (key.length >= KEY_BYTES) return { issuer, keyId, algorithm: 'HS256', key };
  throw refused(`${file} must hold at least ${KEY_BYTES} bytes in hex.`);
}

function publicKeyOf(pem: string, file: string) {
  try {
    return createPublicKey(pem);
  } catch (cause) {
    throw refused(`${file} holds no public key in PEM.`, cause);
  }
}

const SET_SPEC = /^(?<issuer>[^=]+)=(?<place>.+)$/;

/**
 * The sets of `issuer=file or URL`. A file has to be there and right, FOQ_INVALID_ARGUMENT. An
 * address need not answer now: a broker starts while the issuer is down, and asks him later.
 */
export async function openKeySets(
  specs: readonly string[],
  options: Pick<KeySetOptions, 'now' | 'failed'>,
): Promise<KeySet[]> {
  return await Promise.all(
    specs.map(async (spec) => {
      const { issuer, place = '' } = SET_SPEC.exec(spec)?.groups ?? {};
      if (issuer === undefined) throw refused(`${spec} is not issuer=file or URL.`);
      const isAddress = /^https?:\/\//.test(place);
      if (isAddress) checkAddress(place);
      const set = new KeySet({ ...options, issuer, place });
      await set.read().catch((cause: FoqError) => {
        if (!isAddress) throw refused(cause.message, cause);
      });
      return set;
    }),
  );
}

/** Keys that come by plain HTTP from elsewhere are anybody's. */
function checkAddress(place: string): void {
  const url = URL.canParse(place) ? new URL(place) : undefined;
  if (url === undefined) throw refused(`${place} is no address.`);
  const host = url.hostname.replaceAll(/[[\]]/g, '');
  if (url.protocol === 'https:' || isLoopback(host)) return;
  throw refused(`${place} must be https, as it is beyond this machine.`);
}

/**
 * The key of chat ids, made where it is missing. Chats would get other ids under another key, so
 * it is part of the data and goes where the data goes.
 */
export async function chatIdKey(dataDir: string): Promise<Uint8Array> {
  const folder = join(dataDir, 'keys');
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, 'chat-ids.key');
  const found = (await readHex(path)) ?? (await make(path));
  if (found.length === KEY_BYTES) return found;
  const message = `${path} does not hold ${KEY_BYTES} bytes in hex; restore it with the data.`;
  throw new FoqError('FOQ_UNAVAILABLE', { message });
}

async function readHex(path: string): Promise<Uint8Array | undefined> {
  const read = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  return read === undefined ? undefined : Buffer.from(read.trim(), 'hex');
}

/** Whole and synced before it has its name: a crash leaves none or a good one. */
async function make(path: string): Promise<Uint8Array> {
  const draft = `${path}.${randomBytes(6).toString('hex')}`;
  const file = await open(draft, 'wx', 0o600);
  try {
    await file.writeFile(`${randomBytes(KEY_BYTES).toString('hex')}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await link(draft, path).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'EEXIST') throw error;
  });
  await rm(draft, { force: true });
  const folder = await open(join(path, '..'), 'r');
  await folder.sync().finally(() => folder.close());
  return (await readHex(path)) ?? new Uint8Array(0);
}

function refused(message: string, cause?: unknown): FoqError {
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, cause });
}
