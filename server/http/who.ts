// Who sends a request: the bearer of its token.

import type { FastifyRequest } from 'fastify';
import { FoqError } from '../../protocol/index.js';
import type { Caller, HttpServices, Identity } from './services.js';

const BEARER = /^Bearer +(?<token>\S+)$/i;
const LOOPBACK = /^(::ffff:)?127\.|^::1$/;

/** FOQ_UNAUTHORIZED without a good token. */
export async function identityOf(
  request: FastifyRequest,
  services: HttpServices,
): Promise<Identity> {
  const token = BEARER.exec(request.headers.authorization ?? '')?.groups?.['token'];
  if (token === undefined) {
    const message = 'A token is needed: Authorization: Bearer …';
    throw new FoqError('FOQ_UNAUTHORIZED', { message });
  }
  return await services.identify(token, { isLocal: isLocal(request) });
}

/** The device that a token is of. FOQ_UNAUTHORIZED, FOQ_FORBIDDEN. */
export async function deviceOf(request: FastifyRequest, services: HttpServices): Promise<Caller> {
  const { userId, deviceId, scope } = await identityOf(request, services);
  if (scope !== 'chat' || deviceId === undefined) throw forbidden('The token is not of a device.');
  if (services.directory.isRevoked({ userId, deviceId })) {
    throw new FoqError('FOQ_UNAUTHORIZED', { message: 'The device was removed.' });
  }
  return { userId, deviceId };
}

export function forbidden(message: string): FoqError {
  return new FoqError('FOQ_FORBIDDEN', { message });
}

/** Whoever comes through a proxy on this machine is not from this machine. */
export function isLocal({ socket, headers }: FastifyRequest): boolean {
  const isForwarded = 'forwarded' in headers || 'x-forwarded-for' in headers;
  return !isForwarded && LOOPBACK.test(socket.remoteAddress ?? '');
}
