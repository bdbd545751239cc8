// The routes of openapi.yaml that make users and devices, and take devices away.

import { Type } from 'typebox';
import { Count, DeviceId, text, UserId } from '../schema/values.js';
import { expanded, type Json, type JsonMap, referred } from './json-schema.js';

const Name = text(256);

const GivenUser = Type.Object({ userId: UserId, displayName: Type.Optional(Name) });
const User = Type.Object({ userId: UserId, displayName: Type.String(), createdAt: Count });

const GivenDevice = Type.Object({
  userId: Type.Optional(UserId),
  deviceId: DeviceId,
  name: Type.Optional(Name),
  platform: Type.Optional(Name),
});
const Device = Type.Object({
  userId: UserId,
  deviceId: DeviceId,
  name: Type.String(),
  platform: Type.String(),
  createdAt: Count,
});

const problem = { $ref: '#/components/responses/Problem' };

export function people(): JsonMap {
  const device = { description: 'The device', content: json(expanded(Device)) };
  const newDevice = { ...device, description: 'The device, which is new' };
  return {
    '/users': {
      post: {
        operationId: 'upsertUser',
        summary: 'Makes a user, or renames one; of the scope admin',
        requestBody: { required: true, content: json(expanded(GivenUser)) },
        responses: {
          200: { description: 'The user', content: json(expanded(User)) },
          default: problem,
        },
      },
    },
    '/devices': {
      post: {
        operationId: 'linkDevice',
        summary:
          'Links a device to the chats of its user; of the scope admin, or by a token of a user ' +
          'without a device; then userId may be left out',
        requestBody: { required: true, content: json(expanded(GivenDevice)) },
        responses: { 200: device, 201: newDevice, default: problem },
      },
    },
    '/users/{userId}/devices/{deviceId}': {
      delete: {
        operationId: 'revokeDevice',
        summary:
          'Revokes a device for ever and closes its sockets; of the scope admin, or by a device ' +
          'of the user',
        parameters: [inPath('userId', UserId), inPath('deviceId', DeviceId)],
        responses: { 204: { description: 'It is revoked' }, default: problem },
      },
    },
  };
}

function inPath(name: string, schema: object): Json {
  return { name, in: 'path', required: true, schema: referred(schema) };
}

function json(schema: Json): JsonMap {
  return { 'application/json': { schema } };
}
