// The HTTP side of the broker: health, metrics, users and devices, chats to read, the demo. Every
// error is a problem document (RFC 9457) with the code and name of the wire.

import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { FoqError } from '../../protocol/index.js';
import { problemOf } from '../../protocol/wire/index.js';
import { chatRoutes } from './chats.js';
import { demoRoutes } from './demo.js';
import { healthRoutes } from './health.js';
import { metricsRoute } from './metrics.js';
import { peopleRoutes } from './people.js';
import type { HttpServices } from './services.js';
import { webRoutes } from './web.js';

/** Bodies are ids and names. */
const BODY_BYTES_MAX = 16_384;
/** A slow sender of headers, or of a body, is cut off. */
const HEADERS_WITHIN_MS = 5_000;
const REQUEST_WITHIN_MS = 10_000;
const KEEP_ALIVE_MS = 5_000;
const PATH_PART_BYTES_MAX = 512;

export interface HttpOptions {
  readonly services: HttpServices;
  readonly tls?: { readonly cert: string; readonly key: string } | undefined;
  /** Folders of the demo's files; in development, the first that exists is served. */
  readonly webFolders?: readonly string[];
}

/** Listens to nothing yet; `server` is where WebSockets come in. */
export async function httpApp({ services, tls, webFolders = [] }: HttpOptions) {
  const limits = {
    headersTimeout: HEADERS_WITHIN_MS,
    requestTimeout: REQUEST_WITHIN_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    connectionsCheckingInterval: 1_000,
  };
  const app: FastifyInstance<Server> = fastify({
    logger: false,
    bodyLimit: BODY_BYTES_MAX,
    routerOptions: { maxParamLength: PATH_PART_BYTES_MAX },
    forceCloseConnections: true,
    serverFactory: (handler) => {
      if (tls === undefined) return createServer(limits, handler);
      return createTlsServer({ ...limits, ...tls }, handler);
    },
  });
  app.setErrorHandler((error, _request, reply) => sendProblem(reply, asFoqError(error, services)));
  app.setNotFoundHandler((request, reply) => {
    const details = { t: `${request.method} ${pathOf(request)}` };
    return sendProblem(reply, new FoqError('FOQ_UNKNOWN_COMMAND', { details }));
  });
  app.addHook('onSend', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff');
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'no-store');
  });
  healthRoutes(app, services);
  metricsRoute(app, services);
  peopleRoutes(app, services);
  chatRoutes(app, services);
  if (services.development !== undefined) {
    demoRoutes(app, services, services.development);
    await webRoutes(app, webFolders);
  }
  return app;
}

const SHOWN_MAX = 64;

/** Without its query, which may hold what is not to be repeated. */
function pathOf({ url }: FastifyRequest): string {
  return (url.split('?', 1)[0] ?? '').slice(0, SHOWN_MAX);
}

function sendProblem(reply: FastifyReply, error: FoqError) {
  const problem = problemOf(error);
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer');
  if (problem.retryAfterMs !== undefined) {
    reply.header('retry-after', Math.ceil(problem.retryAfterMs / 1_000));
  }
  reply.code(problem.status).header('content-type', 'application/problem+json');
  return reply.send(JSON.stringify(problem));
}

/** What Fastify itself refuses is the caller's; all else that is no FoqError is ours. */
function asFoqError(error: unknown, services: HttpServices): FoqError {
  if (error instanceof FoqError) {
    if (error.code === 'FOQ_INTERNAL') services.report(error);
    return error;
  }
  const { statusCode = 500, message } = error as { statusCode?: number; message: string };
  if (statusCode === 413) return new FoqError('FOQ_TOO_LARGE', { details: { limit: 'body' } });
  if (statusCode >= 400 && statusCode < 500)
    return new FoqError('FOQ_INVALID_ARGUMENT', { message });
  services.report(error);
  return new FoqError('FOQ_INTERNAL', { cause: error });
}
