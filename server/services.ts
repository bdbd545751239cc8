// What the gateway and HTTP are given by the broker: its parts, each behind the few calls that the
// other side needs.

import { FoqError, type Queue } from '../protocol/index.js';
import { type CommandOf, consumerIdOf } from '../protocol/wire/index.js';
import {
  type Caller,
  type ChatCommandName,
  type ChatContext,
  handlers,
  linkDevice,
  unlinkDevice,
} from './chat/index.js';
import type { Directory } from './directory/index.js';
import type { Answer, ChatCommand, Gateway, Services } from './gateway/index.js';
import type { Development, HttpServices } from './http/index.js';
import { type Log, textOf } from './log.js';
import type { DevelopmentKey, Identity, TokenVerifier } from './tokens/index.js';

export interface Parts {
  readonly queue: Queue;
  readonly directory: Directory;
  readonly context: ChatContext;
  /** By all keys, and by those of the configuration alone. */
  readonly verifiers: { readonly all: TokenVerifier; readonly configured: TokenVerifier };
  /** Undefined where its tokens are not taken. */
  readonly developmentKey: DevelopmentKey | undefined;
  readonly attach: Services['attach'];
  readonly log: Log;
}

export function gatewayServices(parts: Parts): Services {
  const { queue, directory, context, verifiers, attach, log } = parts;
  return {
    authenticate: async (token) => deviceOf(await verifiers.all.verify(token)),
    isRevoked: (caller) => directory.isRevoked(caller),
    run: (caller, command) => run(context, caller, command),
    received: (caller, chatId, upToSeq) => {
      queue.ack(chatId, consumerIdOf(caller), { received: upToSeq }).catch((error: unknown) => {
        // The device was told that it is received, and says so again when it is not.
        log.warn({ error: textOf(error) }, 'an ack after the end of a token was lost');
      });
    },
    attach,
    report: (error) => log.error({ error: textOf(error) }, 'a command failed by a mistake of ours'),
  };
}

export function httpServices(
  parts: Parts,
  { gateway, isClosing }: { gateway: Gateway; isClosing: () => boolean },
): HttpServices {
  const { queue, directory, context, verifiers, log } = parts;
  return {
    identify: async (token, { isLocal }) => {
      const identity = await verifiers.all.verify(token);
      // Whoever has read the development key is on this machine, or should not have it.
      if (identity.scope !== 'admin' || isLocal) return identity;
      return await verifiers.configured.verify(token);
    },
    directory,
    revoke: async (device) => {
      if (!(await directory.revokeDevice(device))) return false;
      await unlinkDevice(context, device);
      return true;
    },
    link: async (device) => {
      await linkDevice(context, device);
    },
    run: async (caller, command) => (await run(context, caller, command as ChatCommand)).fields,
    stats: () => queue.stats(),
    sockets: () => gateway.stats(),
    development: developmentOf(parts),
    isClosing,
    report: (error) => log.error({ error: textOf(error) }, 'a request failed by a mistake of ours'),
  };
}

const DEMO_TOKEN_SECONDS = 86_400;

function developmentOf({ queue, context, developmentKey }: Parts): Development | undefined {
  if (developmentKey === undefined) return undefined;
  return {
    sign: (device) => {
      return developmentKey.sign(
        { ...device, expiresInSeconds: DEMO_TOKEN_SECONDS },
        context.now(),
      );
    },
    cursors: async (chatId) => {
      const joined = (await queue.cursors(chatId)).filter(({ leaveSeq }) => leaveSeq === undefined);
      return joined.map(({ consumerId, received, read }) => {
        const [userId = '', deviceId = ''] = consumerId.split('/', 2);
        return { userId, deviceId, received, read };
      });
    },
  };
}

/** FOQ_FORBIDDEN for a token that is not of a device. */
function deviceOf({ userId, deviceId, scope, expiresAt }: Identity) {
  if (scope === 'chat' && deviceId !== undefined) return { userId, deviceId, expiresAt };
  throw new FoqError('FOQ_FORBIDDEN', { message: 'The token is not of a device.' });
}

async function run(context: ChatContext, caller: Caller, command: ChatCommand): Promise<Answer> {
  if (command.t !== 'syncState') return { fields: await handle(context, caller, command) };
  const { reply, events } = await handlers.syncState(context, caller, command);
  return { fields: reply, events };
}

type Simple = Exclude<ChatCommandName, 'syncState'>;

/** The table has for each name the handler of that name. */
function handle(context: ChatContext, caller: Caller, command: CommandOf<Simple>): Promise<object> {
  const handler: (context: ChatContext, caller: Caller, command: never) => Promise<object> =
    handlers[command.t];
  return handler(context, caller, command as never);
}
