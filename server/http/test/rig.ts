// HTTP with stand-ins for what it is given.

import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import type { Test } from 'tap';
import { FoqError, type Stats } from '../../../protocol/index.js';
import type { Command } from '../../../protocol/wire/index.js';
import { httpApp } from '../index.js';
import type { HttpServices, Identity } from '../services.js';

export const STATS: Stats = {
  ...{ appends: 7, acks: 1, rounds: 4, syncs: 3, payloadBytes: 10, journalBytes: 20 },
  spareBytes: 64,
  ...{ ackBytes: 2, membershipBytes: 3, seals: 1, sealedRecords: 4, droppedRecords: 3 },
  ...{ segmentBytes: 40, stateBytes: 30, inboxBytes: 20, merges: 1, mergedBytes: 50 },
  ...{
    mergeDebtBytes: 0,
    expiredTables: 0,
    backgroundFailures: 0,
    coldLookups: 2,
    cacheHits: 3,
    cacheMisses: 1,
    tables: 3,
  },
  ...{ tableBytes: 90, filterBytes: 5, partialChats: 0 },
  ...{ chats: 2, journalFiles: 1, pendingBytes: 0, poisoned: false },
  ...{ syncMicros: [], roundOperations: [] },
};

const SOCKETS = {
  ...{ connections: 2, devices: 1, accepted: 9, refused: 0, framesIn: 5, framesOut: 6 },
  closed: new Map([[4409, 2]]),
};

export const ADMIN = { userId: 'root', scope: 'admin', expiresAt: 0 } as const;
export const ANN = { userId: 'ann', deviceId: 'phone', scope: 'chat', expiresAt: 0 } as const;
export const ANN_WITHOUT_DEVICE = { userId: 'ann', scope: 'chat', expiresAt: 0 } as const;

interface Given {
  readonly who?: Identity;
  readonly services?: Partial<HttpServices>;
  readonly webFolders?: readonly string[];
}

interface Rig {
  readonly commands: readonly Command[];
  readonly linked: readonly string[];
  readonly froms: readonly boolean[];
  readonly reported: readonly unknown[];
  inject(options: InjectOptions): Promise<LightMyRequestResponse>;
  get(url: string): Promise<LightMyRequestResponse>;
  post(url: string, payload: object): Promise<LightMyRequestResponse>;
  remove(url: string): Promise<LightMyRequestResponse>;
}

export async function anApp(
  t: Test,
  { who = ANN, services = {}, webFolders = [] }: Given = {},
): Promise<Rig> {
  const commands: Command[] = [];
  const linked: string[] = [];
  const froms: boolean[] = [];
  const reported: unknown[] = [];
  const app = await httpApp({
    webFolders,
    services: {
      identify: async (token, { isLocal }) => {
        froms.push(isLocal);
        if (token !== 'good') throw new FoqError('FOQ_UNAUTHORIZED');
        return who;
      },
      directory: {
        upsertUser: async ({ userId, displayName = userId }) => {
          return { userId, displayName, createdAt: 1 };
        },
        upsertDevice: async ({ userId, deviceId }) => {
          const device = { userId, deviceId, name: 'n', platform: 'p', createdAt: 1 };
          return { device, created: deviceId !== 'old' };
        },
        devicesOf: async () => [],
        isRevoked: ({ deviceId }) => deviceId === 'lost',
      },
      link: async ({ deviceId }) => {
        linked.push(deviceId);
      },
      revoke: async ({ deviceId }) => deviceId === 'phone',
      run: async (_caller, command) => {
        commands.push(command);
        return { messages: [{ messageBody: Uint8Array.of(1) }] };
      },
      stats: async () => STATS,
      sockets: () => SOCKETS,
      development: {
        sign: async ({ userId, deviceId }) => `token of ${userId}/${deviceId}`,
        cursors: async () => [{ userId: 'ann', deviceId: 'phone', received: 2, read: 1 }],
      },
      isClosing: () => false,
      report: (error) => reported.push(error),
      ...services,
    },
  });
  t.teardown(() => app.close());
  const headers = { authorization: 'Bearer good' };
  const inject = (options: InjectOptions): Promise<LightMyRequestResponse> => {
    return new Promise((resolve, reject) => {
      app.inject(options, (error, response) => {
        if (response === undefined) reject(error);
        else resolve(response);
      });
    });
  };
  return {
    ...{ commands, linked, froms, reported, inject },
    get: (url) => inject({ method: 'GET', url, headers }),
    post: (url, payload) => inject({ method: 'POST', url, payload, headers }),
    remove: (url) => inject({ method: 'DELETE', url, headers }),
  };
}
