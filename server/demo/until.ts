// Waits for what other processes do, and not forever.

const WITHIN_MS = 60_000;
const LOOK_EVERY_MS = 20;

/** Rejects with `what` when it does not become so. */
export async function until(what: string, isSo: () => boolean): Promise<void> {
  const deadline = Date.now() + WITHIN_MS;
  while (!isSo()) {
    if (Date.now() > deadline) throw new Error(`it never came that ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}
