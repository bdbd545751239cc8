// Calls that wait: for the store to answer, or for their caller to give up.
//
// Invariants: each settles once. Aborted before anything was submitted, a call rejects with the
// caller's own reason; after that with FOQ_UNKNOWN_OUTCOME, which has the reason as `cause`.

import { FoqError } from '../protocol/index.js';
import { closedError, foqErrorOf, invalidArgument } from './errors.js';

/** Calls that wait at the same time, of one queue. */
const CALLS_MAX = 100_000;

export function signalOf(options: { readonly signal?: unknown }): AbortSignal | undefined {
  const { signal } = options;
  if (signal === undefined || signal instanceof AbortSignal) return signal;
  throw invalidArgument('signal', 'an AbortSignal', signal);
}

export function unknownOutcome(cause: unknown): FoqError {
  return new FoqError('FOQ_UNKNOWN_OUTCOME', { cause });
}

/** Calls that change nothing: reads, pages, waits. What they wait for may outlive the queue. */
export class Calls {
  readonly #rejects = new Set<(error: unknown) => void>();
  #life: 'open' | 'closed' = 'open';
  #idle: (() => void)[] = [];

  /** Runs `start`, whose failures become FoqErrors. Never throws. */
  run<Value>(
    start: () => Value | Promise<Value>,
    signal?: AbortSignal | undefined,
  ): Promise<Value> {
    try {
      if (this.#life === 'closed') throw closedError();
      if (signal?.aborted === true) return Promise.reject(signal.reason);
      if (this.#rejects.size >= CALLS_MAX) {
        throw new FoqError('FOQ_BUSY', { message: `${CALLS_MAX} calls wait already` });
      }
      const answer = start();
      return answer instanceof Promise ? this.#wait(answer, signal) : Promise.resolve(answer);
    } catch (error) {
      return Promise.reject(foqErrorOf(error));
    }
  }

  #wait<Value>(answer: Promise<Value>, signal: AbortSignal | undefined): Promise<Value> {
    return new Promise<Value>((resolve, reject) => {
      const onAbort = () => {
        if (signal !== undefined) fail(signal.reason);
      };
      const end = () => {
        this.#rejects.delete(fail);
        signal?.removeEventListener('abort', onAbort);
        this.#tellIdle();
      };
      const fail = (error: unknown) => {
        end();
        reject(error);
      };
      this.#rejects.add(fail);
      signal?.addEventListener('abort', onAbort, { once: true });
      answer.then(
        (value) => {
          end();
          resolve(value);
        },
        (error: unknown) => fail(foqErrorOf(error)),
      );
    });
  }

  /** From now on nothing begins; what has begun goes on. */
  close(): void {
    this.#life = 'closed';
  }

  /** Resolves when no call waits. */
  async whenIdle(): Promise<void> {
    if (this.#rejects.size === 0) return;
    await new Promise<void>((resolve) => this.#idle.push(resolve));
  }

  abandon(error: FoqError): void {
    for (const reject of [...this.#rejects]) reject(error);
  }

  #tellIdle(): void {
    if (this.#rejects.size > 0) return;
    const idle = this.#idle;
    this.#idle = [];
    for (const resolve of idle) resolve();
  }
}
