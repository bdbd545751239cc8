// What the page of the chat demo needs beside its files: a token, and the picture of all cursors.
// It is there only in development, where whoever sits at this machine may be any user.
//
// Invariant: a token is given to a page of this very broker, opened on this machine, and to no
// other page that a browser of this machine shows. The name in `Host` must be one of loopback,
// so that a stranger's name that is made to point here (DNS rebinding) gets nothing; `Origin`
// must be that same address, so that a stranger's page gets nothing.

import type { FastifyInstance, FastifyRequest } from 'fastify';
import { FoqError } from '../../protocol/index.js';
import { isDeviceId, isUserId, LIMITS } from '../../protocol/wire/index.js';
import { checkCount, idOf, mapOf } from './people.js';
import type { Caller, Development, HttpServices } from './services.js';
import { deviceOf, forbidden, isLocal } from './who.js';

/** Of the devices that are tabs of a browser; they are many, and nobody removes them. */
const PLATFORM = 'chat-demo';
const NAMES = ['127.0.0.1', 'localhost', '[::1]'];

/** `POST /chat-demo/admission` and `GET /chat-demo/cursors`. */
export function demoRoutes(
  app: FastifyInstance,
  services: HttpServices,
  { sign, cursors }: Development,
): void {
  app.post('/chat-demo/admission', async (request) => {
    requireOwnPage(request);
    const body = mapOf(request.body);
    const userId = idOf(body, 'userId', isUserId);
    await services.directory.upsertUser({ userId });
    if (body['deviceId'] === undefined) return {};
    const tab = { userId, deviceId: idOf(body, 'deviceId', isDeviceId) };
    await makePlace(services, tab);
    const { device } = await services.directory.upsertDevice({ ...tab, platform: PLATFORM });
    await services.link(device);
    return { token: await sign(tab) };
  });
  app.get('/chat-demo/cursors', async (request) => {
    const caller = await deviceOf(request, services);
    const { chatId } = request.query as Readonly<Record<string, unknown>>;
    if (typeof chatId !== 'string') throw new FoqError('FOQ_INVALID_ARGUMENT');
    // Refuses whoever is not a member.
    await services.run(caller, { t: 'getReceipts', id: 0, chatId });
    return { cursors: await cursors(chatId) };
  });
}

/** FOQ_FORBIDDEN for anything but a page of this broker in a browser of this machine. */
function requireOwnPage(request: FastifyRequest): void {
  const { host = '', origin, 'sec-fetch-site': site = 'same-origin' } = request.headers;
  const name = host.replace(/:\d+$/, '');
  const isOwn = NAMES.includes(name) && origin === `${request.protocol}://${host}`;
  if (isLocal(request) && isOwn && site === 'same-origin') return;
  throw forbidden("Only the broker's own page gets a token, on the machine of the broker.");
}

/** The oldest tab of a user makes place for one more; other devices stay. */
async function makePlace(services: HttpServices, tab: Caller): Promise<void> {
  const devices = await services.directory.devicesOf([tab.userId]);
  const isKnown = devices.some(({ deviceId }) => deviceId === tab.deviceId);
  const [oldest] = devices
    .filter(({ platform }) => platform === PLATFORM)
    .sort((left, right) => left.createdAt - right.createdAt);
  if (!isKnown && devices.length >= LIMITS.devicesMax && oldest !== undefined) {
    await services.revoke(oldest);
  }
  await checkCount(services, tab);
}
