// Who listens to a client, by the name of what is told.

import type { Notices } from './types.js';

export type Handler<Name extends keyof Notices> = (notice: Notices[Name]) => unknown;

export class Listeners {
  readonly #handlers = new Map<keyof Notices, Set<Handler<never>>>();

  /** Returns what takes the handler away again. */
  on<Name extends keyof Notices>(name: Name, handler: Handler<Name>): () => void {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers);
    handlers.add(handler);
    return () => {
      handlers.delete(handler);
    };
  }

  /** Resolves when all have taken it; rejects with the first failure. */
  async hand<Name extends keyof Notices>(name: Name, notice: Notices[Name]): Promise<void> {
    for (const handler of this.#of(name)) await handler(notice);
  }

  /** Does not wait; a failure of a handler is told as an error, that of `error` to nobody. */
  tell<Name extends keyof Notices>(name: Name, notice: Notices[Name]): void {
    this.hand(name, notice).catch((error: unknown) => {
      if (name !== 'error') this.tell('error', asError(error));
    });
  }

  #of<Name extends keyof Notices>(name: Name): readonly Handler<Name>[] {
    return [...(this.#handlers.get(name) ?? [])] as Handler<Name>[];
  }
}

export function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
