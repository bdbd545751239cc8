// Where the command line prints. It waits for slow readers, so that a long dump is in memory by one
// part at a time, and ends in peace when the reader has seen enough (`foq dump DIR | head`).

import { once } from 'node:events';

/** Thrown when nobody reads any more; the command ends as if it had been read to the end. */
export class ReaderGone extends Error {}

/** Call once, before anything is printed. */
export function watchReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

export async function print(text: string): Promise<void> {
  if (process.stdout.destroyed || process.stdout.errored) throw new ReaderGone();
  if (process.stdout.write(text)) return;
  await Promise.race([once(process.stdout, 'drain'), once(process.stdout, 'close')]).catch(() => {
    throw new ReaderGone();
  });
}
