// Frames as they are written: read back by the receiver of ws, at every width of a length, and the
// same object again for the same maps.

import { once } from 'node:events';
import { PassThrough } from 'node:stream';
import { test } from 'tap';
import * as ws from 'ws';
import { Frames } from '../frames.js';

/** Its types leave the receiver out. */
const { Receiver } = ws as unknown as {
  readonly Receiver: new (options: { readonly isServer: boolean }) => NodeJS.WritableStream;
};

async function readBack(frame: Uint8Array): Promise<{ payload: Buffer; isBinary: boolean }> {
  const receiver = new Receiver({ isServer: false });
  const message = once(receiver, 'message') as Promise<[Buffer, boolean]>;
  new PassThrough().end(frame).pipe(receiver);
  const [payload, isBinary] = await message;
  return { payload, isBinary };
}

test('a frame of 1 to 65,537 bytes is read back whole, binary or text', async (t) => {
  for (const bytes of [1, 125, 126, 65_535, 65_536, 65_537]) {
    const map = Buffer.alloc(bytes, 'x');
    for (const subprotocol of ['foq.v1.msgpack', 'foq.v1.json'] as const) {
      const [frame = map, ...more] = new Frames().of([map], subprotocol);
      t.same(more, []);
      const { payload, isBinary } = await readBack(frame);
      t.ok(payload.equals(map), `${bytes} bytes`);
      t.equal(isBinary, subprotocol === 'foq.v1.msgpack');
    }
  }
});

test('the same maps are packed once, also with others in between; others are not', (t) => {
  const [one, two] = [Buffer.from('{"t":1}'), Buffer.from('{"t":2}')];
  const frames = new Frames();
  const first = frames.of([one, two], 'foq.v1.json');
  frames.of([one], 'foq.v1.json');
  frames.of([two, one], 'foq.v1.json');
  frames.of([one, two], 'foq.v1.msgpack');
  t.equal(frames.of([one, two], 'foq.v1.json'), first);
  t.not(frames.of([two, one], 'foq.v1.json'), first);
  t.not(frames.of([one, Buffer.from(two)], 'foq.v1.json'), first, 'equal bytes are not looked at');
  t.end();
});
