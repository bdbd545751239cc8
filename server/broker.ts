// The broker: the queue, the directory, chats, their delivery, sockets and HTTP, put together from
// one configuration, opened in order and closed in the reverse one. The queue closes last.

import { mkdir } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openQueue } from '../engine/index.js';
import { FoqError } from '../protocol/index.js';
import { LIMITS } from '../protocol/wire/index.js';
import { type ChatContext, directChatId } from './chat/index.js';
import { type Config, OPTIONS } from './config.js';
import { DeliveryService } from './delivery/index.js';
import { openDirectory } from './directory/index.js';
import { checkExposure, hasOwnKeys, isLoopback } from './exposure.js';
import { Gateway, listen } from './gateway/index.js';
import { httpApp } from './http/index.js';
import { chatIdKey, openKeySets, readTokenKeys } from './keys.js';
import { type Log, openLog, textOf } from './log.js';
import { gatewayServices, httpServices, type Parts } from './services.js';
import { readTls } from './tls.js';
import { developmentKey as makeDevelopmentKey, tokenVerifier } from './tokens/index.js';

export interface Broker {
  /** `http://127.0.0.1:7420`; where `/chat` is upgraded to a WebSocket. */
  readonly url: string;
  readonly port: number;
  readonly durability: 'fsync' | 'page-cache-unsafe';
  /** Whether tokens of the development key are taken. */
  readonly hasDevelopmentKey: boolean;
  /** Whether the chat demo is there to be served. */
  readonly hasDemo: boolean;
  /** Of the direct chat of two users, also before anybody has created it. */
  directChatId(userIds: readonly [string, string]): string;
  /** Lets go of everything, once; what was answered is durable. */
  close(): Promise<void>;
}

/** When a client should try again after a stop: about what a start takes. */
const RETRY_AFTER_MS = 1_000;
/** For `history` that waits for a seq. */
const PATIENCE_MS = 10_000;

/** The bundle of the page, as the set-up makes it; seen from the compiled broker. */
const WEB_FOLDERS = [fileURLToPath(new URL('../../server/web/dist/', import.meta.url))];

/**
 * Starts a broker; what is not given has the default of its option. FOQ_INVALID_ARGUMENT,
 * FOQ_LOCKED {pid}, FOQ_CORRUPT, FOQ_UNAVAILABLE where the address is taken.
 */
export async function startBroker(given: Partial<Config> = {}): Promise<Broker> {
  const defaults = Object.entries(OPTIONS).map(([name, { fallback }]) => [name, fallback]);
  const config: Config = { ...Object.fromEntries(defaults), ...given };
  checkExposure(config);
  const closers = new Closers();
  try {
    return await start(config, closers);
  } catch (error) {
    await closers.closeAll();
    throw error;
  }
}

async function start(config: Config, closers: Closers): Promise<Broker> {
  const log = openLog(config.logLevel);
  const now = () => Date.now();
  const tls = await readTls(config);
  const parts = await openParts(config, { log, now, closers });
  const services = gatewayServices(parts);
  const { queue } = parts;
  const { durability } = queue;
  const { connectionsMax, strangersMax, hellosPerSecond } = config;
  const limits = { connectionsMax, strangersMax, hellosPerSecond };
  const gateway = new Gateway({ services, durability, now, ...limits });
  const state = { isClosing: false };
  const http = httpServices(parts, { gateway, isClosing: () => state.isClosing });
  const app = await httpApp({ services: http, tls, webFolders: WEB_FOLDERS });
  closers.add(() => app.close());
  closers.add(() =>
    gateway.close({ withinMs: config.closeWithinMs, retryAfterMs: RETRY_AFTER_MS }),
  );
  const origins = () => [...originsOf(config, app.server.address()), ...config.origins];
  listen({ gateway, server: app.server, origins });
  const port = await bind(app, config);
  const url = urlOf(config, port);
  log.info({ url, durability, epoch: queue.epoch }, 'the broker listens');
  let closed: Promise<void> | undefined;
  return {
    ...{ url, port, durability },
    hasDevelopmentKey: parts.developmentKey !== undefined,
    hasDemo: app.hasRoute({ method: 'GET', url: '/chat-demo' }),
    directChatId: (userIds) => directChatId(parts.context.key, userIds),
    close: () => {
      state.isClosing = true;
      closed ??= closers.closeAll().then(() => log.info({}, 'the broker has stopped'));
      return closed;
    },
  };
}

async function openParts(
  config: Config,
  { log, now, closers }: { log: Log; now: () => number; closers: Closers },
): Promise<Parts> {
  const { data, durability, maxAge, maxBytes, journalWindowBytes } = config;
  await mkdir(data, { recursive: true, mode: 0o700 });
  const queue = await openQueue({
    ...{ dir: join(data, 'queue'), durability, maxAge, maxBytes, journalWindowBytes },
    keepAtLeast: config.keepAtLeast === '0' ? 0 : config.keepAtLeast,
  });
  closers.add(() => queue.close());
  queue.on('degraded', (notice) => log.error({ kind: notice.kind }, notice.message));
  const directory = await openDirectory({ path: join(data, 'directory.db'), now });
  closers.add(() => directory.close());
  const context: ChatContext = {
    ...{ queue, directory, now },
    key: await chatIdKey(data),
    limits: LIMITS,
    patience: () => AbortSignal.timeout(PATIENCE_MS),
  };
  const takesKey = takesDevelopmentKey(config);
  const developmentKey = takesKey ? await makeDevelopmentKey(data) : undefined;
  const verifiers = await verifiersOf(config, { developmentKey, now, log });
  const delivery = deliveryOf({ queue, now, log });
  closers.add(() => delivery.close());
  const attach: Parts['attach'] = (device, sink, window) => delivery.attach(device, sink, window);
  return { queue, directory, context, verifiers, developmentKey, attach, log };
}

function deliveryOf({ queue, now, log }: Pick<Parts, 'queue' | 'log'> & { now: () => number }) {
  return new DeliveryService({
    queue,
    now,
    later: (delayMs, callback) => {
      const timer = setTimeout(callback, delayMs);
      return () => clearTimeout(timer);
    },
    failed: (error) => log.error({ error: textOf(error) }, 'delivery failed; streams begin anew'),
  });
}

async function verifiersOf(
  { tokenKeys, tokenKeySets }: Config,
  { developmentKey, now, log }: Pick<Parts, 'developmentKey' | 'log'> & { now: () => number },
): Promise<Parts['verifiers']> {
  const keys = await readTokenKeys(tokenKeys);
  const failed = (error: unknown) => log.warn({ error: textOf(error) }, 'a key set was not read');
  const keySets = await openKeySets(tokenKeySets, { now, failed });
  const configured = tokenVerifier({ keys, keySets }, now);
  if (developmentKey === undefined) return { all: configured, configured };
  const all = tokenVerifier({ keys: [...keys, developmentKey.issuerKey], keySets }, now);
  return { all, configured };
}

function takesDevelopmentKey(config: Config): boolean {
  return config.insecureDevelopmentKey || (!hasOwnKeys(config) && isLoopback(config.host));
}

type App = Awaited<ReturnType<typeof httpApp>>;

async function bind(app: App, { host, port }: Config): Promise<number> {
  try {
    await app.listen({ host, port });
  } catch (cause) {
    const message = `${host}:${port} cannot be listened on: ${(cause as Error).message}`;
    throw new FoqError('FOQ_UNAVAILABLE', { message, cause });
  }
  return (app.server.address() as AddressInfo).port;
}

function schemeOf({ tlsCert }: Config): string {
  return tlsCert === '' ? 'http' : 'https';
}

function urlOf(config: Config, port: number): string {
  const host = config.host.includes(':') ? `[${config.host}]` : config.host;
  return `${schemeOf(config)}://${host}:${port}`;
}

/** Pages that the broker serves itself may connect to it, by every name of its own address. */
function originsOf(config: Config, address: AddressInfo | string | null): string[] {
  if (address === null || typeof address === 'string') return [];
  const own = urlOf(config, address.port);
  if (!isLoopback(config.host)) return [own];
  const scheme = schemeOf(config);
  const names = ['127.0.0.1', 'localhost', '[::1]'];
  return names.map((name) => `${scheme}://${name}:${address.port}`);
}

/** What was opened, to be closed in the reverse order; one that fails does not keep the others. */
class Closers {
  readonly #closers: (() => Promise<unknown> | unknown)[] = [];

  add(closer: () => Promise<unknown> | unknown): void {
    this.#closers.push(closer);
  }

  async closeAll(): Promise<void> {
    const failures: unknown[] = [];
    for (const closer of this.#closers.splice(0).reverse()) {
      try {
        await closer();
      } catch (error) {
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }
}
