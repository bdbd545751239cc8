// Chats to read, by the same commands and checks that a socket has.

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { encodeMap } from '../../protocol/wire/codec/index.js';
import { checkCommand } from '../../protocol/wire/index.js';
import type { HttpServices } from './services.js';
import { deviceOf } from './who.js';

type Fields = Readonly<Record<string, unknown>>;

export function chatRoutes(app: FastifyInstance, services: HttpServices): void {
  const answer = async (given: {
    readonly request: FastifyRequest;
    readonly reply: FastifyReply;
    readonly command: Fields;
  }) => {
    const caller = await deviceOf(given.request, services);
    const checked = checkCommand({ ...given.command, id: 0 });
    if (!checked.ok) throw checked.error;
    const fields = await services.run(caller, checked.command);
    given.reply.header('content-type', 'application/json; charset=utf-8');
    return Buffer.from(encodeMap(fields, 'foq.v1.json'));
  };
  app.get('/chats', (request, reply) => {
    const { after, limit } = request.query as Fields;
    const command = withoutAbsent({ t: 'listChats', after, limit: counted(limit) });
    return answer({ request, reply, command });
  });
  app.get('/chats/:chatId', (request, reply) => {
    const { chatId } = request.params as Fields;
    return answer({ request, reply, command: { t: 'getChat', chatId } });
  });
  app.get('/chats/:chatId/history', (request, reply) => {
    const { chatId } = request.params as Fields;
    const { since, before, limit, minSeq } = request.query as Fields;
    const range = { since: counted(since), before: counted(before), minSeq: counted(minSeq) };
    const command = { t: 'history', chatId, limit: counted(limit), ...range };
    return answer({ request, reply, command: withoutAbsent(command) });
  });
}

/** Digits are a number; what is none is left to the schema, which refuses it. */
function counted(given: unknown): unknown {
  return typeof given === 'string' && /^\d{1,16}$/.test(given) ? Number(given) : given;
}

function withoutAbsent(fields: Fields): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined));
}
