// Messages of a generator: the instant they were due is in their first bytes, so that whoever gets
// one knows how long it was on its way. Instants are of one process's clock.

/** Bytes of a body: a short text, sealed. */
export const BODY_BYTES = 256;

export function bodyDueAt(dueAt: number): Uint8Array {
  const body = Buffer.alloc(BODY_BYTES, 0x5a);
  body.writeDoubleLE(dueAt, 0);
  return body;
}

export function dueAtOf(body: unknown): number {
  if (!(body instanceof Uint8Array)) throw new Error('a message without a body');
  return Buffer.from(body.buffer, body.byteOffset, body.length).readDoubleLE(0);
}
