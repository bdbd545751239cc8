// `foq dump DIR`: what the files of a store hold, one line for each thing, in the order of the
// files.

import { dumpStore } from '../../engine/index.js';
import { print } from './output.js';

/** With `json` each line is a JSON object; else its name, then `key=value` pairs. */
export async function dump(dir: string, { json }: { json: boolean }): Promise<number> {
  for await (const lines of dumpStore(dir)) {
    await print(json ? lines : asText(lines));
  }
  return 0;
}

function asText(lines: string): string {
  return lines.replaceAll(/[^\n]+/g, (line) => {
    const { line: name, ...rest }: Record<string, unknown> = JSON.parse(line);
    const pairs = Object.keys(rest).map((key) => `${key}=${inWords(rest[key])}`);
    return [name, ...pairs].join(' ');
  });
}

/** Plain words stay bare; the rest is quoted, so that pairs can be told apart. */
function inWords(value: unknown): string {
  if (typeof value === 'string' && /^[\w./:~@-]+$/.test(value)) return value;
  return JSON.stringify(value);
}
