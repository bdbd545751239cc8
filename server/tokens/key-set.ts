// The public keys of an issuer as he publishes them (JWKS, RFC 7517): he can bring a new key and
// take an old one away without telling the broker. Ed25519 alone; other keys are passed over.
//
// Invariants: where the keys are is the configuration's word alone, never a token's. A key that is
// not known makes the set be read again, at most every `RETRY_MS`, whoever asks. While it cannot be
// read, the keys of before count, for `TRUST_MS` at most; then tokens are refused as UNAVAILABLE.

import { createPublicKey, type KeyObject } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { FoqError } from '../../protocol/index.js';

/** From then on it is read again before a key of it counts, if it can be. */
const FRESH_MS = 300_000;
const RETRY_MS = 10_000;
const TRUST_MS = 86_400_000;
/** Below what a `hello` may take. */
const ANSWER_WITHIN_MS = 3_000;
const BYTES_MAX = 65_536;
const KEYS_MAX = 64;

export interface KeySetOptions {
  readonly issuer: string;
  /** A file, or an address that begins with `http://` or `https://`. */
  readonly place: string;
  /** Ms since epoch. */
  readonly now: () => number;
  /** Told of each time that the set could not be read. */
  readonly failed: (error: unknown) => void;
}

export class KeySet {
  readonly issuer: string;
  readonly #options: KeySetOptions;
  #keys: ReadonlyMap<string, KeyObject> = new Map();
  #readAt = Number.NEGATIVE_INFINITY;
  #triedAt = Number.NEGATIVE_INFINITY;
  #reading: Promise<void> | undefined;

  constructor(options: KeySetOptions) {
    this.issuer = options.issuer;
    this.#options = options;
  }

  /** Undefined for a key that the set does not have. FOQ_UNAVAILABLE while that is not known. */
  async find(keyId: string): Promise<KeyObject | undefined> {
    const now = this.#options.now();
    if (this.#trusted(now).has(keyId)) {
      // Keys that are not fresh count as long as there are no others.
      if (now - this.#readAt >= FRESH_MS) await this.#readAgain(now).catch(() => undefined);
      return this.#trusted(now).get(keyId);
    }
    await this.#readAgain(now);
    // Where the last reading failed, the key may be a new one.
    if (this.#readAt >= this.#triedAt) return this.#keys.get(keyId);
    throw unavailable(this.#options.place);
  }

  /** FOQ_UNAVAILABLE {cause} where the set cannot be read, or is none. */
  async read(): Promise<void> {
    const { place, now, failed } = this.#options;
    this.#triedAt = now();
    try {
      this.#keys = keysIn(await textOf(place));
      this.#readAt = now();
    } catch (cause) {
      const error = unavailable(place, cause);
      failed(error);
      throw error;
    }
  }

  /** One at a time, and not at once again. */
  async #readAgain(now: number): Promise<void> {
    if (this.#reading === undefined && now - this.#triedAt < RETRY_MS) return;
    this.#reading ??= this.read().finally(() => {
      this.#reading = undefined;
    });
    await this.#reading;
  }

  #trusted(now: number): ReadonlyMap<string, KeyObject> {
    return now - this.#readAt < TRUST_MS ? this.#keys : new Map();
  }
}

async function textOf(place: string): Promise<string> {
  if (!/^https?:/.test(place)) return await readFile(place, 'utf8');
  const signal = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const response = await fetch(place, { redirect: 'error', signal });
  if (!response.ok || response.body === null) throw new Error(`HTTP ${response.status}`);
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
    bytes += chunk.length;
    if (bytes > BYTES_MAX) throw new Error(`more than ${BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

/** By key id. */
function keysIn(text: string): Map<string, KeyObject> {
  const { keys } = JSON.parse(text) as { keys?: unknown };
  if (!Array.isArray(keys)) throw new Error('no list of keys in it');
  if (keys.length > KEYS_MAX) throw new Error(`more than ${KEYS_MAX} keys`);
  return new Map(keys.flatMap((jwk: unknown) => keyOf(jwk) ?? []).map((one) => [one.id, one.key]));
}

function keyOf(jwk: unknown): { readonly id: string; readonly key: KeyObject } | undefined {
  const { kty, crv, x, kid, use = 'sig' } = (jwk ?? {}) as Readonly<Record<string, unknown>>;
  if (kty !== 'OKP' || crv !== 'Ed25519' || use !== 'sig') return undefined;
  if (typeof kid !== 'string' || typeof x !== 'string') return undefined;
  return { id: kid, key: createPublicKey({ key: { kty, crv, x }, format: 'jwk' }) };
}

function unavailable(place: string, cause?: unknown): FoqError {
  const because = cause instanceof Error ? `: ${reasonOf(cause)}` : '';
  const message = `The key set ${place} cannot be read${because}.`;
  return new FoqError('FOQ_UNAVAILABLE', { message, details: { retryAfterMs: RETRY_MS }, cause });
}

/** What is behind `fetch failed`. */
function reasonOf({ message, cause }: Error): string {
  return cause instanceof Error ? cause.message : message;
}
