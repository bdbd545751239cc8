// Whether the process answers, and whether it takes work.

import type { FastifyInstance } from 'fastify';
import { FoqError } from '../../protocol/index.js';
import type { HttpServices } from './services.js';

export function healthRoutes(app: FastifyInstance, services: HttpServices): void {
  app.get('/healthz', async () => ({ status: 'ok' }));
  app.get('/readyz', async () => {
    if (services.isClosing()) throw new FoqError('FOQ_CLOSED');
    const { poisoned } = await services.stats();
    if (poisoned) throw new FoqError('FOQ_POISONED');
    return { status: 'ready' };
  });
}
