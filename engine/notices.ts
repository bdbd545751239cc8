// What a queue tells its listeners: that it is degraded, that it is closed.
//
// Invariants: a state is told once until it has passed; a listener that throws stops neither the
// queue nor the other listeners, and its error is not lost.

import type { Degraded, FoqError, QueueNotices } from '../protocol/index.js';
import { invalidArgument } from './errors.js';
import type { NativeCondition } from './native-types.js';

const LISTENERS_MAX = 1000;

export class Notices {
  readonly #degraded = new Set<QueueNotices['degraded']>();
  readonly #closed = new Set<QueueNotices['closed']>();
  /** Of what has no other end than what goes through again. */
  readonly #told = new Set<Degraded['kind']>();
  readonly #suffering = new Map<Suffered['kind'], Suffered>();

  on<Name extends keyof QueueNotices>(name: Name, listener: QueueNotices[Name]): void {
    const listeners = this.#of(name);
    if (typeof listener !== 'function') throw invalidArgument('listener', 'a function', listener);
    if (listeners.size >= LISTENERS_MAX) {
      throw invalidArgument('listener', `one of at most ${LISTENERS_MAX}`);
    }
    listeners.add(listener);
    if (name === 'degraded') {
      const told = listener as QueueNotices['degraded'];
      for (const notice of this.#suffering.values()) process.nextTick(() => told(notice));
    }
  }

  off<Name extends keyof QueueNotices>(name: Name, listener: QueueNotices[Name]): void {
    this.#of(name).delete(listener);
  }

  degraded(notice: Degraded): void {
    for (const listener of [...this.#degraded]) guarded(() => listener(notice));
  }

  closed(): void {
    for (const listener of [...this.#closed]) guarded(listener);
  }

  /** A failure may say that the whole store is degraded. */
  failed({ code, message }: FoqError): void {
    if (code === 'FOQ_POISONED') this.#once({ kind: 'poisoned', message });
    if (code === 'FOQ_DISK_FULL') this.#once({ kind: 'disk-full', message });
  }

  #once(notice: Degraded): void {
    if (this.#told.has(notice.kind)) return;
    this.#told.add(notice.kind);
    this.degraded(notice);
  }

  /** All that the store suffers from now: what is new is told, what has ended may be told again. */
  suffering(conditions: readonly NativeCondition[]): void {
    const now = new Map(conditions.filter(isSuffered).map((notice) => [notice.kind, notice]));
    for (const kind of this.#suffering.keys()) {
      if (!now.has(kind)) this.#suffering.delete(kind);
    }
    if (!now.has('disk-full')) this.#told.delete('disk-full');
    for (const [kind, notice] of now) {
      if (this.#suffering.has(kind)) continue;
      this.#suffering.set(kind, notice);
      if (kind === 'disk-full') this.#once(notice);
      else this.degraded(notice);
    }
  }

  /** Appends go through again. */
  appended(): void {
    this.#told.delete('disk-full');
  }

  #of<Name extends keyof QueueNotices>(name: Name): Set<QueueNotices[Name]> {
    const listeners: { [Each in keyof QueueNotices]: Set<QueueNotices[Each]> } = {
      degraded: this.#degraded,
      closed: this.#closed,
    };
    if (Object.hasOwn(listeners, name)) return listeners[name];
    throw invalidArgument('name', `one of ${Object.keys(listeners).join(', ')}`, name);
  }
}

type Suffered = Extract<Degraded, { kind: 'disk-full' | 'damaged' | 'clock-jump' }>;

function isSuffered(condition: NativeCondition): condition is Suffered {
  return ['disk-full', 'damaged', 'clock-jump'].includes(condition.kind);
}

function guarded(listener: () => void): void {
  try {
    listener();
  } catch (error) {
    // The listener's own mistake: shown like any uncaught error, after the queue's work.
    process.nextTick(() => {
      throw error;
    });
  }
}
