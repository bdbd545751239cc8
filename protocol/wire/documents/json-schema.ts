// Our schemas as the published documents have them: named ones by reference, bytes as JSON writes
// them, fixed words as enumerations, and nothing that only our own checks read.

import { nameOf, VALUES, WORDS } from '../schema/names.js';
import { PARTS } from '../schema/registry.js';

export type Json = string | number | boolean | null | readonly Json[] | JsonMap;

export interface JsonMap {
  readonly [name: string]: Json;
}

const BYTES = {
  type: 'object',
  description: 'Bytes: bin in MessagePack, this in JSON',
  properties: { b64: { type: 'string', contentEncoding: 'base64' } },
  required: ['b64'],
};

/** All schemas that have a name, by name. */
export function namedSchemas(): Record<string, Json> {
  const named = Object.entries({ ...VALUES, ...WORDS, ...PARTS });
  const sorted = named.sort(([left], [right]) => (left < right ? -1 : 1));
  return {
    Bytes: BYTES,
    ...Object.fromEntries(sorted.map(([name, schema]) => [name, expanded(schema)])),
  };
}

/** A schema without a name of its own, or the definition of one that has. */
export function expanded(schema: object): Json {
  if ('anyOf' in schema && Array.isArray(schema.anyOf)) return unionOf(schema.anyOf);
  const fields = Object.entries(schema).filter(([key]) => !key.startsWith('x-foq'));
  return Object.fromEntries(
    fields.map(([key, value]) => [key, key === 'properties' ? mapped(value) : jsonOf(value)]),
  );
}

/** By reference where the schema has a name. */
export function referred(schema: object): Json {
  if ('x-foq-bytes' in schema) return { $ref: '#/components/schemas/Bytes' };
  const name = nameOf(schema);
  return name === undefined ? expanded(schema) : { $ref: `#/components/schemas/${name}` };
}

function unionOf(members: readonly object[]): Json {
  const words = members.flatMap((member) => ('const' in member ? [String(member.const)] : []));
  if (words.length === members.length) return { type: 'string', enum: words };
  return { anyOf: members.map(referred) };
}

function mapped(properties: object): Json {
  return Object.fromEntries(
    Object.entries(properties).map(([name, schema]) => [name, referred(schema)]),
  );
}

function jsonOf(value: unknown): Json {
  if (Array.isArray(value)) return value.map(jsonOf);
  if (typeof value === 'object' && value !== null) return referred(value);
  return value as Json;
}
