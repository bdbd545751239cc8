// openapi.yaml: what the broker answers over HTTP, as OpenAPI 3.1, made from the schemas of the
// wire. It has what the broker serves and nothing else.

import { GetChatReply, ListChats, ListChatsReply } from '../schema/chats.js';
import { History, HistoryReply } from '../schema/history.js';
import { Problem } from '../schema/problem.js';
import { ChatId } from '../schema/values.js';
import { expanded, type Json, type JsonMap, namedSchemas, referred } from './json-schema.js';
import { people } from './people.js';

interface Route {
  readonly path: string;
  readonly operationId: string;
  readonly summary: string;
  readonly parameters?: readonly Json[];
  readonly reply: Json;
}

const chatId = { name: 'chatId', in: 'path', required: true, schema: referred(ChatId) };

const CHAT_ROUTES: readonly Route[] = [
  {
    path: '/chats',
    operationId: 'listChats',
    summary: 'The chats of the user, by pages',
    parameters: query(ListChats.properties, ['after', 'limit']),
    reply: expanded(ListChatsReply),
  },
  {
    path: '/chats/{chatId}',
    operationId: 'getChat',
    summary: 'A chat and its members',
    parameters: [chatId],
    reply: expanded(GetChatReply),
  },
  {
    path: '/chats/{chatId}/history',
    operationId: 'history',
    summary: 'Messages of a chat, clipped to the ranges in which the user was a member',
    parameters: [chatId, ...query(History.properties, ['since', 'before', 'limit', 'minSeq'])],
    reply: expanded(HistoryReply),
  },
];

export function openapi(): JsonMap {
  const routes = CHAT_ROUTES.map(({ path, reply, ...operation }) => [
    path,
    { get: { ...operation, responses: { 200: answer(json(reply)), default: problem } } },
  ]);
  return {
    openapi: '3.1.0',
    info: {
      title: 'FOQ',
      version: '1',
      license: { name: 'Apache 2.0', identifier: 'Apache-2.0' },
      description:
        'Users and devices, reading of chats, health of the broker. Bytes are {"b64": "…"}.',
    },
    servers: [{ url: 'http://127.0.0.1:7420' }],
    security: [{ token: [] }],
    paths: { ...health(), ...people(), ...(Object.fromEntries(routes) as JsonMap) },
    components: {
      securitySchemes: { token: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' } },
      responses: {
        Problem: answer({
          'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } },
        }),
      },
      schemas: { Problem: expanded(Problem), ...namedSchemas() },
    },
  };
}

const problem = { $ref: '#/components/responses/Problem' };

function health(): JsonMap {
  const open = (operationId: string, summary: string, responses: JsonMap) => ({
    get: { operationId, summary, security: [], responses },
  });
  const metrics = { 'text/plain': { schema: { type: 'string' } } };
  return {
    '/healthz': open('healthz', 'The process answers', { 200: said('It does') }),
    '/readyz': open('readyz', 'Sessions and commands are taken', {
      200: said('They are'),
      503: said('Not now: the store is poisoned, full, or closing'),
    }),
    '/metrics': open('metrics', 'Metrics in the text format of Prometheus', {
      200: answer(metrics),
    }),
  };
}

function query(properties: Readonly<Record<string, object>>, names: readonly string[]): Json[] {
  return names.map((name) => {
    return { name, in: 'query', schema: referred(properties[name] ?? {}) };
  });
}

function json(schema: Json): JsonMap {
  return { 'application/json': { schema } };
}

function answer(content: JsonMap): JsonMap {
  return { description: 'The answer', content };
}

function said(description: string): JsonMap {
  return { description };
}
