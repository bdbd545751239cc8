// Counting and checking UTF-8 agrees with the encoder and the strict decoder of the platform.

import { test } from 'tap';
import { fitsUtf8, isUtf8, utf8Bytes } from '../utf8.js';
import { bytesOf, drawer, seedOfRun } from './random.js';

test('5,000 strings of any code units take as many bytes as the encoder writes', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  const ranges = [0x80, 0x800, 0x10000];
  for (let run = 0; run < 5_000; run += 1) {
    const units = Array.from({ length: draw(12) }, () =>
      draw(3) === 0 ? 0xd800 + draw(0x800) : draw(ranges[draw(3)] ?? 1),
    );
    const text = String.fromCharCode(...units);
    const bytes = Buffer.byteLength(text);
    const fits = fitsUtf8(text, bytes) && !fitsUtf8(text, bytes - 1);
    if (utf8Bytes(text) !== bytes || !fits) t.fail(`${units}: ${bytes}`);
  }
  t.end();
});

test('50,000 byte strings are UTF-8 exactly where the strict decoder takes them', (t) => {
  const seed = seedOfRun();
  t.comment(`SEED=${seed}`);
  const draw = drawer(seed);
  const strict = new TextDecoder('utf-8', { fatal: true });
  const leads = [0x41, 0x80, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5];
  for (let run = 0; run < 50_000; run += 1) {
    const tail = bytesOf(draw, draw(4)).map((byte) =>
      draw(4) === 0 ? byte : 0x80 | (byte & 0x3f),
    );
    const bytes = Uint8Array.of(leads[draw(leads.length)] ?? 0, ...tail);
    if (isUtf8(bytes, 0, bytes.length) !== isTaken(strict, bytes)) t.fail(`${bytes}`);
  }
  t.end();
});

function isTaken(strict: InstanceType<typeof TextDecoder>, bytes: Uint8Array): boolean {
  try {
    strict.decode(bytes);
    return true;
  } catch {
    return false;
  }
}
