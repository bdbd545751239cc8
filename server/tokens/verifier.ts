// Verifies tokens against keys that the configuration names, and no others.
//
// Invariants: a key belongs to one issuer and one algorithm; nothing in a token chooses either
// beyond picking among them by (issuer, kid), and that issuer is checked with the signature. No URL
// in a token is ever followed. What is said about a refusal never holds the token.

import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  type JWTPayload,
  jwtVerify,
  type KeyObject,
} from 'jose';
import { FoqError } from '../../protocol/index.js';
import {
  AUDIENCE,
  type Identity,
  type Scope,
  SKEW_SECONDS,
  TOKEN_BYTES_MAX,
  type TokenVerifier,
} from './identity.js';
import type { KeySet } from './key-set.js';

export type Algorithm = 'EdDSA' | 'HS256';

export interface IssuerKey {
  readonly issuer: string;
  readonly keyId: string;
  readonly algorithm: Algorithm;
  readonly key: KeyObject | Uint8Array;
}

const SCOPES: readonly Scope[] = ['chat', 'queue', 'admin'];
const ID = /^[A-Za-z0-9_.~:@-]{1,63}$/;
/** Of a device id, beside the form: the reserved name. */
const RESERVED_DEVICE = '-';

/** What `tokenVerifier` verifies with. */
export interface VerifierKeys {
  readonly keys: readonly IssuerKey[];
  readonly keySets?: readonly KeySet[] | undefined;
}

/**
 * A verifier for these keys. `now` is ms since epoch. FOQ_UNAVAILABLE for a token of an issuer
 * whose key set cannot be read: it may be good.
 */
export function tokenVerifier(given: VerifierKeys, now: () => number): TokenVerifier {
  return {
    verify: async (token) => {
      if (token.length === 0 || token.length > TOKEN_BYTES_MAX) throw refused('its size');
      const key = await keyFor(token, given);
      const payload = await verified(token, key, now());
      return identityOf(payload);
    },
  };
}

async function keyFor(token: string, { keys, keySets = [] }: VerifierKeys): Promise<IssuerKey> {
  const { kid, alg } = headerOf(token);
  const found = keys.find(({ keyId }) => keyId === kid) ?? fromSet(token, keySets);
  if (found === undefined || typeof kid !== 'string') throw unknownKey();
  // Before any cryptography, and before any set is read: a token may not choose how it is checked.
  if (alg !== found.algorithm) throw refused('its algorithm');
  if ('key' in found) return found;
  const key = await found.set.find(kid);
  if (key === undefined) throw unknownKey();
  return { issuer: found.set.issuer, keyId: kid, algorithm: found.algorithm, key };
}

/** The set of the issuer that a token claims to be of. */
function fromSet(token: string, keySets: readonly KeySet[]) {
  if (keySets.length === 0) return undefined;
  const issuer = claimedIssuer(token);
  const set = keySets.find((one) => one.issuer === issuer);
  return set === undefined ? undefined : { set, algorithm: 'EdDSA' as const };
}

function claimedIssuer(token: string): unknown {
  try {
    return decodeJwt(token).iss;
  } catch (cause) {
    throw refused('its form', cause);
  }
}

function headerOf(token: string): { kid?: unknown; alg?: unknown } {
  try {
    return decodeProtectedHeader(token);
  } catch (cause) {
    throw refused('its form', cause);
  }
}

async function verified(token: string, key: IssuerKey, nowMs: number): Promise<JWTPayload> {
  try {
    const { payload } = await jwtVerify(token, key.key, {
      algorithms: [key.algorithm],
      issuer: key.issuer,
      audience: AUDIENCE,
      clockTolerance: SKEW_SECONDS,
      currentDate: new Date(nowMs),
      requiredClaims: ['exp', 'sub'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JWTExpired) throw refused('that it has expired');
    if (error instanceof errors.JWTClaimValidationFailed) throw refused(`its claim ${error.claim}`);
    throw refused('its signature');
  }
}

function identityOf(payload: JWTPayload): Identity {
  const { sub, exp, dev, scope = 'chat' } = payload;
  if (typeof sub !== 'string' || !ID.test(sub)) throw refused('its claim sub');
  if (typeof exp !== 'number') throw refused('its claim exp');
  const known = SCOPES.find((name) => name === scope);
  if (known === undefined) throw refused('its claim scope');
  const identity = { userId: sub, scope: known, expiresAt: exp * 1000 };
  if (dev === undefined) return identity;
  if (typeof dev !== 'string' || !ID.test(dev) || dev === RESERVED_DEVICE) {
    throw refused('its claim dev');
  }
  return { ...identity, deviceId: dev };
}

function unknownKey(): FoqError {
  return refused('a key that is not known here');
}

function refused(because: string, cause?: unknown): FoqError {
  return new FoqError('FOQ_UNAUTHORIZED', {
    message: `The token is refused for ${because}.`,
    cause,
  });
}
