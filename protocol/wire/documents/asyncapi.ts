// asyncapi.yaml: the chat endpoint as AsyncAPI 3.0 describes it, made from the schemas. The
// application that it describes is the broker: it receives commands, and sends replies and events.

import { Type } from 'typebox';
import { COMMANDS, type CommandName, EVENTS, REPLIES } from '../schema/registry.js';
import { CommandId } from '../schema/values.js';
import { expanded, type Json, type JsonMap, namedSchemas } from './json-schema.js';

const CHAT = '#/channels/chat';

export function asyncapi(): JsonMap {
  const messages = {
    ...messagesOf(COMMANDS, (name) => name),
    ...messagesOf(replies(), (name) => `${name}Reply`),
    ...messagesOf(EVENTS, eventName),
  };
  const names = Object.keys(messages);
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'FOQ chat',
      version: '1',
      description:
        'What devices and the broker say to each other. A frame is one of these maps or an array' +
        ' of them, as JSON (subprotocol foq.v1.json) or MessagePack (foq.v1.msgpack).',
    },
    defaultContentType: 'application/json',
    servers: { local: { host: '127.0.0.1:7420', protocol: 'ws' } },
    channels: {
      chat: {
        address: '/chat',
        messages: Object.fromEntries(
          names.map((name) => [name, { $ref: `#/components/messages/${name}` }]),
        ),
      },
    },
    operations: operations(),
    components: { messages, schemas: namedSchemas() },
  };
}

/** Replies as they are on the wire, with `t` and `id`. */
function replies(): Record<CommandName, object> {
  const whole = Object.entries(REPLIES).map(([name, { properties }]) => {
    const t = Type.Literal(name === 'hello' ? 'welcome' : 'ok');
    return [name, Type.Object({ t, id: CommandId, ...properties })];
  });
  return Object.fromEntries(whole) as Record<CommandName, object>;
}

function messagesOf(
  schemas: Readonly<Record<string, object>>,
  nameOf: (name: string) => string,
): Record<string, Json> {
  const messages = Object.entries(schemas).map(([name, schema]) => {
    return [nameOf(name), { name: nameOf(name), payload: expanded(schema) }];
  });
  return Object.fromEntries(messages) as Record<string, Json>;
}

/** `ping` is a command and an event, and so has two names here. */
function eventName(name: string): string {
  return Object.hasOwn(COMMANDS, name) ? `${name}Event` : name;
}

function operations(): Record<string, Json> {
  const refs = (...names: string[]) => names.map((name) => ({ $ref: `${CHAT}/messages/${name}` }));
  const channel = { $ref: CHAT };
  const received = Object.keys(COMMANDS).map((name) => [
    name,
    {
      action: 'receive',
      channel,
      messages: refs(name),
      reply: { channel, messages: refs(`${name}Reply`, 'error') },
    },
  ]);
  const sent = Object.keys(EVENTS).map((name) => [
    `send.${name}`,
    { action: 'send', channel, messages: refs(eventName(name)) },
  ]);
  return Object.fromEntries([...received, ...sent]) as Record<string, Json>;
}
