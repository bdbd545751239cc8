// What the tests of the native store share: a store in a temporary folder, and an ear that keeps
// every answer by its ticket.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Test } from 'tap';
import type { AppendedRun, NativeError, NativeOptions } from '../native.js';
import { NativeStore } from '../native-store.js';
import type { Answers, NativeJoined, OperationPacker } from '../native-types.js';

export const OPTIONS = { journalFileBytes: 64 * 1024, roundBytesMax: 16 * 1024, spares: 1 };

export type Outcome =
  | { readonly kind: 'appended'; readonly seq: number; readonly repeated: boolean }
  | { readonly kind: 'done' }
  | { readonly kind: 'joined'; readonly joined: NativeJoined }
  | { readonly kind: 'failed'; readonly code: string; readonly fields: NativeError['fields'] };

/** For stores whose answers nobody wants. */
export const deaf: Answers = {
  appended: () => undefined,
  done: () => undefined,
  joined: () => undefined,
  failed: () => undefined,
  news: () => undefined,
};

export class Ear implements Answers {
  readonly outcomes = new Map<number, Outcome>();
  /** One for each run that was heard. */
  readonly runs: number[] = [];
  readonly rung: number[] = [];
  #wake: (() => void) | undefined;

  appended({ first, seqs, repeated }: AppendedRun): void {
    this.runs.push(seqs.length);
    seqs.forEach((seq, i) => {
      this.#keep(first + i, { kind: 'appended', seq, repeated });
    });
  }

  done(ticket: number): void {
    this.#keep(ticket, { kind: 'done' });
  }

  joined(ticket: number, joined: NativeJoined): void {
    this.#keep(ticket, { kind: 'joined', joined });
  }

  failed(ticket: number, { code, fields }: NativeError): void {
    this.#keep(ticket, { kind: 'failed', code, fields });
  }

  news(attachment: number): void {
    this.rung.push(attachment);
    this.#wake?.();
  }

  /** Resolves when `holds`; looked at with each answer. */
  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  async answered(first: number, count = 1): Promise<Outcome[]> {
    const tickets = Array.from({ length: count }, (_, i) => first + i);
    await this.until(() => tickets.every((ticket) => this.outcomes.has(ticket)));
    return tickets.flatMap((ticket) => this.outcomes.get(ticket) ?? []);
  }

  #keep(ticket: number, outcome: Outcome): void {
    if (this.outcomes.has(ticket)) throw new Error(`ticket ${ticket} was answered twice`);
    this.outcomes.set(ticket, outcome);
    this.#wake?.();
  }
}

export function aFolder(t: Test): string {
  const folder = mkdtempSync(join(tmpdir(), 'foq-native-'));
  t.teardown(() => rmSync(folder, { recursive: true }));
  return folder;
}

/** Many operations of one turn; their outcomes. */
export type Act = (pack: (packer: OperationPacker) => void) => Promise<Outcome[]>;

export async function aStore(t: Test, { dir = aFolder(t), ...more }: Partial<StoreChoice> = {}) {
  const ear = new Ear();
  const store = await NativeStore.open(dir, { ...OPTIONS, ...more.options }, ear);
  const act: Act = (pack) => {
    const packer = store.packer(16);
    pack(packer);
    const { count } = packer;
    return ear.answered(store.submit(packer), count);
  };
  return { dir, store, ear, act };
}

interface StoreChoice {
  readonly dir: string;
  readonly options: NativeOptions;
}

export const bytes = (text: string) => new TextEncoder().encode(text);
