// How the command line becomes a device: the development key signs for an admin, who makes user and
// device through the broker, and then for the device.

import { FoqError } from '../../protocol/index.js';
import { type DevelopmentKey, existingDevelopmentKey } from '../tokens/index.js';

/** Whom the admin's token is of; no user. */
const ADMIN = 'command-line';
const ADMIN_SECONDS = 60;
const DEVICE_SECONDS = 86_400;
const ANSWER_WITHIN_MS = 10_000;

export interface BrokerPlace {
  /** Data directory of the broker. */
  readonly data: string;
  /** Of the broker, without a path. */
  readonly url: string;
}

export interface Admission extends BrokerPlace {
  readonly userId: string;
  readonly deviceId: string;
}

/** A token of a day. Errors say what to do. */
export async function deviceToken(given: Admission): Promise<string> {
  const token = await admitted(given);
  return await token();
}

/** Makes user and device; what it resolves with signs a token of a day, and asks nobody. */
export async function admitted(given: Admission): Promise<() => Promise<string>> {
  const { userId, deviceId, data } = given;
  await makeUser(given, userId);
  const key = await keyIn(data);
  const device = { userId, deviceId, platform: 'terminal' };
  await post(given, { path: '/devices', body: device, token: await adminToken(key) });
  return () => key.sign({ userId, deviceId, expiresInSeconds: DEVICE_SECONDS }, Date.now());
}

/** One who is there already stays. */
export async function makeUser(place: BrokerPlace, userId: string): Promise<void> {
  const token = await adminToken(await keyIn(place.data));
  await post(place, { path: '/users', body: { userId }, token });
}

/** Where devices connect. */
export function chatUrlOf(url: string): string {
  return new URL('/chat', url.replace(/^http/, 'ws')).href;
}

function adminToken(key: DevelopmentKey): Promise<string> {
  const claims = { userId: ADMIN, scope: 'admin', expiresInSeconds: ADMIN_SECONDS } as const;
  return key.sign(claims, Date.now());
}

async function keyIn(data: string): Promise<DevelopmentKey> {
  const key = await existingDevelopmentKey(data);
  if (key !== undefined) return key;
  throw new Error(`there is no development key in ${data} (--data). foq serve makes it there`);
}

async function post(
  { url }: BrokerPlace,
  { path, body, token }: { readonly path: string; readonly body: object; readonly token: string },
): Promise<void> {
  const response = await fetch(new URL(path, url), {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
  }).catch((cause: unknown) => {
    throw unreachable(url, cause);
  });
  if (response.ok) return;
  const problem = (await response.json().catch(() => ({}))) as { name?: string; detail?: string };
  const { name = `HTTP ${response.status}`, detail = 'this is no broker' } = problem;
  throw new Error(`${name}: ${detail}`);
}

/** `nothing listens on 127.0.0.1:7420 (FOQ_URL). Start one with: foq serve` */
function unreachable(url: string, cause: unknown): Error {
  const { code } = ((cause as Error).cause ?? {}) as { code?: string };
  const { host } = new URL(url);
  if (code === 'ECONNREFUSED') {
    const message = `nothing listens on ${host} (FOQ_URL). Start one with: foq serve`;
    return new Error(message, { cause });
  }
  return new FoqError('FOQ_UNAVAILABLE', { message: `${host} does not answer (FOQ_URL)`, cause });
}
