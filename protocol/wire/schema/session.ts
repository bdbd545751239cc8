// The session: who is there, for how long, and how much is sent at once.

import { Type } from 'typebox';
import { LIMITS } from '../limits.js';
import { command, event, quietCommand, reply } from './define.js';
import { Count, DeviceId, Seq, Token, text, UserId } from './values.js';

const Capabilities = Type.Array(text(64), { maxItems: 32 });

export const Hello = command('hello', {
  token: Token,
  client: Type.Optional(text(128)),
  capabilities: Type.Optional(Capabilities),
});

type LimitFields = { readonly [Name in keyof typeof LIMITS]: typeof Count };

const limitFields = Object.fromEntries(Object.keys(LIMITS).map((name) => [name, Count]));

export const Limits = Type.Object(limitFields as LimitFields);

/** Chats that a new device has been joined to, of how many. */
export const Linking = Type.Object({ done: Count, total: Count });

export const Durability = Type.Union([Type.Literal('fsync'), Type.Literal('page-cache-unsafe')]);

export const WelcomeReply = reply({
  sessionId: text(64),
  userId: UserId,
  deviceId: DeviceId,
  serverTime: Count,
  heartbeatMs: Count,
  limits: Limits,
  durability: Durability,
  capabilities: Capabilities,
  linking: Type.Optional(Linking),
});

export const Auth = command('auth', { token: Token });
export const AuthReply = reply({ expiresAt: Count });

export const Ping = quietCommand('ping', {});
export const Flow = quietCommand('flow', { messages: Seq, bytes: Seq });
export const Bye = quietCommand('bye', {});

export const PingEvent = event('ping', {});
export const AuthExpiring = event('authExpiring', { expiresAt: Count });
export const GoAway = event('goAway', { reason: text(64), retryAfterMs: Count });

export const Retry = Type.Union([
  Type.Literal('same'),
  Type.Literal('later'),
  Type.Literal('after-change'),
  Type.Literal('never'),
]);

export const Details = Type.Record(
  Type.String(),
  Type.Union([Type.Number(), Type.String(), Type.Array(Type.String())]),
);

export const ErrorEvent = event('error', {
  id: Type.Optional(Count),
  code: Count,
  name: text(64),
  message: Type.String(),
  retry: Retry,
  retryAfterMs: Type.Optional(Count),
  details: Type.Optional(Details),
});
