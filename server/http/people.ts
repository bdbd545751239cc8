// Users and devices: made by back ends with the scope `admin`. A token of a user without a device
// may link that device, and nothing else.

import type { FastifyInstance } from 'fastify';
import { FoqError } from '../../protocol/index.js';
import { isDeviceId, isUserId, LIMITS } from '../../protocol/wire/index.js';
import type { HttpServices, Identity } from './services.js';
import { forbidden, identityOf } from './who.js';

const NAME_BYTES_MAX = 256;

export function peopleRoutes(app: FastifyInstance, services: HttpServices): void {
  const { directory } = services;
  app.post('/users', async (request) => {
    requireAdmin(await identityOf(request, services));
    const body = mapOf(request.body);
    const userId = idOf(body, 'userId', isUserId);
    return await directory.upsertUser({ userId, displayName: nameOf(body, 'displayName') });
  });
  app.post('/devices', async (request, reply) => {
    const who = await identityOf(request, services);
    const body = mapOf(request.body);
    const userId = idOf(body, 'userId', isUserId, who.userId);
    const deviceId = idOf(body, 'deviceId', isDeviceId);
    if (who.scope !== 'admin') requireOwn(who, userId);
    await checkCount(services, { userId, deviceId });
    const given = { name: nameOf(body, 'name'), platform: nameOf(body, 'platform') };
    const { device, created } = await directory.upsertDevice({ userId, deviceId, ...given });
    await services.link(device);
    reply.code(created ? 201 : 200);
    return device;
  });
  app.delete('/users/:userId/devices/:deviceId', async (request, reply) => {
    const who = await identityOf(request, services);
    const params = mapOf(request.params);
    const userId = idOf(params, 'userId', isUserId);
    const deviceId = idOf(params, 'deviceId', isDeviceId);
    const isOwn = who.scope === 'chat' && who.deviceId !== undefined && who.userId === userId;
    if (!isOwn) requireAdmin(who);
    if (await services.revoke({ userId, deviceId })) return await reply.code(204).send();
    throw new FoqError('FOQ_DEVICE_NOT_FOUND', { details: { deviceIds: [deviceId] } });
  });
}

function requireAdmin({ scope }: Identity): void {
  if (scope !== 'admin') throw forbidden('The token has not the scope admin.');
}

function requireOwn({ scope, deviceId, userId }: Identity, ofUser: string): void {
  if (scope === 'chat' && deviceId === undefined && userId === ofUser) return;
  throw forbidden('Only admins link devices of others, or with the token of a device.');
}

/** FOQ_TOO_LARGE for one device more than a user may have. */
export async function checkCount(
  { directory }: HttpServices,
  { userId, deviceId }: { userId: string; deviceId: string },
): Promise<void> {
  const devices = await directory.devicesOf([userId]);
  const isKnown = devices.some((device) => device.deviceId === deviceId);
  if (isKnown || devices.length < LIMITS.devicesMax) return;
  throw new FoqError('FOQ_TOO_LARGE', { details: { limit: 'devicesMax' } });
}

type Fields = Readonly<Record<string, unknown>>;

/** FOQ_INVALID_ARGUMENT */
export function mapOf(body: unknown): Fields {
  if (typeof body === 'object' && body !== null && !Array.isArray(body)) return body as Fields;
  throw new FoqError('FOQ_INVALID_ARGUMENT', { message: 'The body must be a JSON object.' });
}

/** FOQ_INVALID_ARGUMENT {field} */
export function idOf(
  fields: Fields,
  field: string,
  isId: (text: string) => boolean,
  fallback?: string,
): string {
  const id = fields[field] ?? fallback;
  if (typeof id === 'string' && isId(id)) return id;
  throw invalid(field, 'must be an id');
}

function nameOf(fields: Fields, field: string): string | undefined {
  const name = fields[field];
  if (name === undefined) return undefined;
  const fits = typeof name === 'string' && Buffer.byteLength(name) <= NAME_BYTES_MAX;
  if (fits && name !== '') return name;
  throw invalid(field, `must be 1 to ${NAME_BYTES_MAX} bytes of text`);
}

function invalid(field: string, reason: string): FoqError {
  const message = `The field ${field} ${reason}.`;
  return new FoqError('FOQ_INVALID_ARGUMENT', { message, details: { field, reason } });
}
