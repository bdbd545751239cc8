// A process that is called: one call and one answer at a time, by messages. Scenarios measure in
// one where memory, bytes written or death must be one store's alone.
//
// Invariants: a child ends when its parent does. A call to a child that dies is rejected.

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';

interface Call {
  readonly call: string;
  readonly given: unknown;
}

type Answer =
  | { readonly kind: 'value'; readonly value: unknown }
  | { readonly kind: 'failure'; readonly failure: string }
  | { readonly kind: 'word'; readonly word: unknown };

export interface ChildOptions {
  /** Hears what the child says unasked. */
  readonly heard?: (word: unknown) => void;
  /** The child's memory is what is measured: it runs with one arena of the allocator. */
  readonly oneArena?: boolean;
}

/**
 * glibc gives threads arenas of their own, and pages of an arena whose memory was freed stay
 * resident; how many there are is chance. With one arena, resident bytes follow what is in use.
 * Allocators that do not know the variable are as they are.
 */
const ONE_ARENA = { MALLOC_ARENA_MAX: '1' };

export class Child {
  readonly #process: ChildProcess;
  readonly #gone: Promise<unknown>;
  readonly #heard: (word: unknown) => void;

  constructor(script: string, { heard = () => undefined, oneArena = false }: ChildOptions = {}) {
    if (script === '') throw new Error('--child names the module of the process to start');
    const env = oneArena ? { ...process.env, ...ONE_ARENA } : process.env;
    this.#process = fork(script, { execArgv: ['--expose-gc'], serialization: 'advanced', env });
    this.#heard = heard;
    this.#gone = once(this.#process, 'exit');
    this.#process.on('message', (answer: Answer) => {
      if (answer.kind === 'word') this.#heard(answer.word);
    });
  }

  /** The answer of the call of this name; rejects when it failed, or when the child dies. */
  async ask<Value>(call: string, given: unknown): Promise<Value> {
    const answered = new Promise<Answer>((resolve, reject) => {
      const settle = (answer: Answer) => {
        if (answer.kind === 'word') return;
        this.#process.off('message', settle);
        resolve(answer);
      };
      this.#process.on('message', settle);
      this.#gone.then(
        () => reject(new Error(`a child died at "${call}"`)),
        (cause: unknown) => reject(new Error('a child did not start', { cause })),
      );
    });
    this.#process.send({ call, given } satisfies Call);
    const answer = await answered;
    if (answer.kind === 'value') return answer.value as Value;
    throw new Error(answer.kind === 'failure' ? answer.failure : 'no answer');
  }

  /** At once, as a crash would; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.#process.exitCode === null && this.#process.signalCode === null) {
      this.#process.kill('SIGKILL');
    }
    await this.#gone;
  }
}

/** Runs with a fresh child of this script, and kills it at the end, whatever happens. */
export async function withChild<Value>(
  script: string,
  run: (child: Child) => Promise<Value>,
  options: ChildOptions = {},
): Promise<Value> {
  const child = new Child(script, options);
  try {
    return await run(child);
  } finally {
    await child.kill();
  }
}

/** Answers calls in a child, each with the function of its name. */
export function serveCalls(calls: Readonly<Record<string, (given: never) => unknown>>): void {
  const answerTo = async ({ call, given }: Call): Promise<Answer> => {
    try {
      const known = calls[call];
      if (known === undefined) throw new Error(`there is no call ${call}`);
      return { kind: 'value', value: await known(given as never) };
    } catch (error) {
      const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
      return { kind: 'failure', failure: text };
    }
  };
  process.on('message', (call: Call) => {
    answerTo(call).then(tell, console.error);
  });
  // Whoever started it is gone.
  process.on('disconnect', () => process.exit());
}

/** Says a word to the parent, unasked. */
export function sayToParent(word: unknown): void {
  tell({ kind: 'word', word });
}

function tell(answer: Answer): void {
  process.send?.(answer);
}

/** Collects garbage, in a child started with `--expose-gc`, which `Child` does. */
export function collectGarbage(): void {
  const collect = (globalThis as { readonly gc?: () => void }).gc;
  collect?.();
  collect?.();
}
