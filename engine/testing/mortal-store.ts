// A store on a machine that may stop. While that runs, everything passes through; once it has
// stopped, nothing is answered as if it had not.
//
// Invariants: what was submitted when the machine stopped, and not answered, is answered with
// FOQ_UNKNOWN_OUTCOME; whatever else is asked, with FOQ_CLOSED. The end is told once.

import { NativeError, type NativeOptions } from '../native.js';
import type { Answers, News, StoreHandle } from '../native-types.js';
import type { World } from './world.js';

/** Failures that may tell of the machine, and not of what was asked. */
const OF_THE_MACHINE: readonly string[] = ['FOQ_POISONED', 'FOQ_UNAVAILABLE', 'FOQ_CLOSED'];

export class MortalStore {
  readonly #world: World;
  #store: StoreHandle | undefined;
  #hasStopped: boolean;
  #whenStopped: (() => void) | undefined;

  private constructor(world: World) {
    this.#world = world;
    this.#hasStopped = world.isStopped;
  }

  static async open(world: World, options: NativeOptions, answers: Answers): Promise<MortalStore> {
    const mortal = new MortalStore(world);
    mortal.#store = await world.open(options, {
      appended: (run) => answers.appended(run),
      done: (ticket) => answers.done(ticket),
      joined: (ticket, joined) => answers.joined(ticket, joined),
      failed: (ticket, error) => answers.failed(ticket, mortal.#explained(error, 'unknown')),
      news: (attachment) => answers.news(attachment),
    });
    return mortal;
  }

  /** What the queue is given. */
  get handle(): StoreHandle {
    const opened = this.#opened;
    const durable = () => this.#ask(() => opened.flush(), 'unknown');
    const own = {
      close: () => this.#close(),
      detach: (attachment: number) => this.#detach(attachment),
      conditions: () => (this.look() ? [] : opened.conditions()),
      takeNews: (attachment: number, limit: number) => this.#takeNews(attachment, limit),
      flush() {
        return durable();
      },
    };
    return new Proxy(opened, {
      get: (store, name: keyof StoreHandle) => {
        const value = store[name];
        if (typeof value !== 'function') return value;
        if (name in own) return own[name as keyof typeof own];
        const call = value as (...given: unknown[]) => unknown;
        return (...given: unknown[]) => this.#ask(() => call.apply(store, given), 'closed');
      },
    });
  }

  /** `heard` is called when it turns out that the machine has stopped, in a later turn. */
  onStopped(heard: () => void): void {
    this.#whenStopped = heard;
    this.look();
  }

  /** Whether the machine of this store has stopped: for good, even when it runs again. */
  look(): boolean {
    if (this.#world.isStopped) this.#stop();
    return this.#hasStopped;
  }

  #stop(): void {
    if (this.#hasStopped) return;
    this.#hasStopped = true;
    setImmediate(() => this.#whenStopped?.());
  }

  get #opened(): StoreHandle {
    if (this.#store === undefined) throw new Error('the store is not open yet');
    return this.#store;
  }

  /** What a machine meets that has stopped is no failure. */
  async #close(): Promise<void> {
    try {
      await this.#opened.close();
    } catch (error) {
      if (!this.look()) throw error;
    }
  }

  #detach(attachment: number): void {
    if (!this.look()) this.#opened.detach(attachment);
  }

  /** Whoever hears of news expects no failure, and after the end there is none. */
  #takeNews(attachment: number, limit: number): News {
    if (this.look()) return { rows: [], fenced: false };
    return this.#opened.takeNews(attachment, limit);
  }

  #ask(call: () => unknown, outcome: 'closed' | 'unknown'): unknown {
    if (this.look()) throw this.#ended('closed');
    const explain = (error: unknown): never => {
      throw error instanceof NativeError ? this.#explained(error, outcome) : error;
    };
    try {
      const answer = call();
      return answer instanceof Promise ? answer.catch(explain) : answer;
    } catch (error) {
      return explain(error);
    }
  }

  /** The error itself, unless it is due to the end of the machine. */
  #explained(error: NativeError, outcome: 'closed' | 'unknown'): NativeError {
    return OF_THE_MACHINE.includes(error.code) && this.look() ? this.#ended(outcome) : error;
  }

  #ended(outcome: 'closed' | 'unknown'): NativeError {
    const [code, said] =
      outcome === 'closed'
        ? ['FOQ_CLOSED', 'the simulated machine has stopped; reopen() starts it again']
        : ['FOQ_UNKNOWN_OUTCOME', 'the simulated machine stopped while this was under way'];
    return new NativeError({ code, message: `${said} (seed ${this.#world.seed})`, fields: [] });
  }
}
