// JSON values as YAML that people read: block style, two spaces, a string in quotes only where it
// could be taken for something else.

import type { Json, JsonMap } from './json-schema.js';

export function toYaml(map: JsonMap): string {
  return `${linesOf(map).join('\n')}\n`;
}

function linesOf(value: readonly Json[] | JsonMap): string[] {
  if (isList(value)) return value.flatMap((member) => under('-', member));
  return Object.entries(value).flatMap(([key, member]) => under(`${textOf(key)}:`, member));
}

/** A value on the line of its key or dash, or below it. */
function under(head: string, value: Json): string[] {
  if (typeof value !== 'object' || value === null) return [`${head} ${scalar(value)}`];
  const lines = linesOf(value);
  const [first] = lines;
  if (first === undefined) return [`${head} ${isList(value) ? '[]' : '{}'}`];
  if (head === '-') return lines.map((line, index) => (index === 0 ? `- ${line}` : `  ${line}`));
  return [head, ...lines.map((line) => `  ${line}`)];
}

function isList(value: readonly Json[] | JsonMap): value is readonly Json[] {
  return Array.isArray(value);
}

function scalar(value: string | number | boolean | null): string {
  return typeof value === 'string' ? textOf(value) : String(value);
}

/** Words that YAML 1.1 or 1.2 reads as something else than text. */
const TAKEN = /^(true|false|null|yes|no|on|off|y|n)$/i;
const PLAIN = /^[A-Za-z_][A-Za-z0-9_./-]*( [A-Za-z0-9_.,/()-]+)*$/;

function textOf(text: string): string {
  return PLAIN.test(text) && !TAKEN.test(text) ? text : JSON.stringify(text);
}
