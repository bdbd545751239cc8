// Schemas as the tables of PROTOCOL.md write them: `name: Type`, `name?: Type` where optional,
// `Type[]` for a list.

import { nameOf } from '../schema/names.js';

interface Schema {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly const?: unknown;
}

/** Fields in the order of the schema, without those that are left out by name. */
export function fieldsOf(schema: object, without: readonly string[] = []): string[] {
  const { properties = {}, required = [] }: Schema = schema;
  return Object.entries(properties)
    .filter(([name]) => !without.includes(name))
    .map(([name, field]) => `${name}${required.includes(name) ? '' : '?'}: ${typeOf(field)}`);
}

/** The words that a field of fixed words may be. */
export function wordsOf(schema: object): string[] {
  const { anyOf = [] }: Schema = schema;
  return anyOf.map((word) => String(word.const));
}

function typeOf(schema: Schema): string {
  const name = nameOf(schema);
  if (name !== undefined) return name;
  if (schema.items !== undefined) return `${typeOf(schema.items)}[]`;
  if (schema.anyOf !== undefined) return schema.anyOf.map(typeOf).join(' or ');
  const text = /^1 to (\d+) bytes of UTF-8$/.exec(schema.description ?? '');
  if (text !== null) return `Text(${text[1]})`;
  return schema.type ?? 'unknown';
}
