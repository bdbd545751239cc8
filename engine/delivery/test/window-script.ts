// Runs a script of verbs against a window, and says under each verb what was delivered: the text
// of a test is what the script is expected to print.

import type { Test } from 'tap';
import type { GapReason } from '../../../protocol/index.js';
import type { Hole, Lane } from '../lane.js';
import { Window, type WindowSink } from '../window.js';
import { ChatsModel } from './chats-model.js';

type Words = Readonly<Record<string, string | undefined>>;

/** The script, with what it is expected to print, prints that. */
export function plays(t: Test, script: string): void {
  t.equal(runScript(script), plain(script));
  t.end();
}

/** Verbs stand at the line's begin, what they led to is indented. */
function runScript(script: string): string {
  const run = new Script();
  const lines = script.split('\n').filter((line) => line.trim() !== '');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  const verbs = lines.map((line) => line.slice(indent)).filter((line) => !line.startsWith(' '));
  return verbs.flatMap((verb) => [verb, ...run.say(verb).map((line) => `  ${line}`)]).join('\n');
}

/** A script as `runScript` prints it. */
function plain(script: string): string {
  const lines = script.split('\n').filter((line) => line.trim() !== '');
  const indent = /^ */.exec(lines[0] ?? '')?.[0].length ?? 0;
  return lines.map((line) => line.slice(indent)).join('\n');
}

interface Waiting {
  readonly lane: Lane;
  readonly toSeq: number;
  readonly text: string;
}

class Script {
  readonly #model = new ChatsModel();
  #now = 0;
  #window: Window;
  /** Lanes are looked up when delivered: a forgotten chat may still be acked. */
  readonly #lanes = new Map<string, Lane>();
  #waiting: (Waiting | string)[] = [];
  #isHolding: boolean;

  constructor() {
    this.#isHolding = false;
    this.#window = new Window({ records: 16, bytes: 1000 }, this.#sink());
  }

  say(verb: string): string[] {
    const [name = '', chatId = '', ...rest] = verb.split(' ');
    const words = Object.fromEntries(rest.map((word) => word.split('='))) as Words;
    const said = this.#do(name, { chatId, words, rest });
    return [...said, ...(this.#isHolding ? [] : this.#hand())];
  }

  #do(
    name: string,
    { chatId, words, rest }: { chatId: string; words: Words; rest: readonly string[] },
  ): string[] {
    const first = Number(rest[0]);
    const window = this.#window;
    switch (name) {
      case 'window': {
        const limits = Object.fromEntries([chatId, ...rest].map((word) => word.split('=')));
        const { records, bytes } = limits as Words;
        this.#window = new Window({ records: Number(records), bytes: Number(bytes) }, this.#sink());
        return [];
      }
      case 'size':
        for (const word of rest.slice(1)) this.#model.chat(chatId).sizes.set(Number(word), first);
        return [];
      case 'floor':
        this.#model.chat(chatId).firstSeq = first;
        this.#model.chat(chatId).floorReason = (rest[1] ?? 'expired') as GapReason;
        return [];
      case 'news':
      case 'backlog':
        return this.#stand(chatId, words, name === 'backlog');
      case 'cursor':
        return this.#resolve(chatId, words);
      case 'listed':
        window.listed();
        return [];
      case 'hold':
        this.#isHolding = true;
        return [];
      case 'get':
        this.#isHolding = false;
        return [];
      case 'ack':
        return [
          window.ack(this.#lane(chatId), { upToSeq: first, now: this.#now })
            ? 'to the store'
            : 'nothing new',
        ];
      case 'durable':
        window.acked(this.#lane(chatId), first);
        return [];
      case 'nack':
        window.nack(this.#lane(chatId), first, { until: this.#now + Number(words['delay'] ?? 0) });
        return [];
      case 'gone':
        window.gone(this.#lane(chatId));
        return [];
      case 'remove':
        window.remove(chatId);
        return [];
      case 'wait':
        this.#now += Number(chatId);
        return window.wake(this.#now) ? ['window full'] : [];
      case 'read':
        return this.#read(chatId === '' ? 100 : Number(chatId));
      case 'state':
        return [this.#state()];
      default:
        throw new Error(`no verb ${name}`);
    }
  }

  #stand(chatId: string, words: Words, isBacklog: boolean): string[] {
    const headSeq = Number(words['head']);
    const chat = this.#model.chat(chatId);
    chat.headSeq = Math.max(chat.headSeq, headSeq);
    const received = Number(words['received'] ?? 0);
    const lastSeq = 'last' in words ? Number(words['last']) : headSeq;
    const joinSeq = words['join'] === '?' ? undefined : Number(words['join'] ?? 1);
    this.#window.stand(
      { chatId, received, headSeq, lastSeq, joinSeq },
      { isBacklog, now: this.#now },
    );
    this.#remember(chatId);
    return this.#window.takeUnknown(100).map((lane) => `cursor of ${lane.chatId}?`);
  }

  #resolve(chatId: string, words: Words): string[] {
    const holes = (words['holes'] ?? '')
      .split(',')
      .filter((hole) => hole !== '')
      .map((hole) => hole.split('-').map(Number) as [number, number] satisfies Hole);
    const leaveSeq = 'leave' in words ? Number(words['leave']) : undefined;
    const cursor = {
      received: Number(words['received']),
      joinSeq: Number(words['join']),
      leaveSeq,
      holes,
    };
    this.#window.resolve(this.#lane(chatId), cursor, this.#now);
    return [];
  }

  #read(maxBytes: number): string[] {
    const asks = this.#window.plan(100, this.#now);
    if (asks.length === 0) return this.#waiting.length > 0 ? [] : ['nothing to read'];
    const answers = this.#model.read(asks, maxBytes === 100 ? 1_000_000 : maxBytes);
    for (const [index, ask] of asks.entries()) {
      const answer = answers[index];
      if (answer !== undefined) this.#window.accept(ask, answer, this.#now);
    }
    return [];
  }

  #state(): string {
    const { inFlight, laneCount } = this.#window;
    const due = this.#window.nextDue();
    const next = due === Number.POSITIVE_INFINITY ? 'nothing due' : `due in ${due - this.#now}`;
    return `${laneCount} chats, ${inFlight.records} records, ${inFlight.bytes} bytes, ${next}`;
  }

  #hand(): string[] {
    const waiting = this.#waiting;
    this.#waiting = [];
    const said: string[] = [];
    for (const delivery of waiting) {
      if (typeof delivery === 'string') said.push(delivery);
      else {
        delivery.lane.hand(delivery.toSeq, this.#now);
        said.push(delivery.text);
      }
    }
    return said;
  }

  #lane(chatId: string): Lane {
    const lane = this.#lanes.get(chatId);
    if (lane === undefined) throw new Error(`${chatId} was never seen`);
    return lane;
  }

  #remember(chatId: string): void {
    const lane = this.#window.find(chatId);
    if (lane !== undefined) this.#lanes.set(chatId, lane);
  }

  #sink(): WindowSink {
    return {
      record: (lane, { seq }, attempt) => {
        const again = attempt > 1 ? ` attempt ${attempt}` : '';
        this.#waiting.push({ lane, toSeq: seq, text: `${lane.chatId} ${seq}${again}` });
      },
      gap: (lane, { fromSeq, toSeq, reason }) => {
        const text = `${lane.chatId} gap ${fromSeq}-${toSeq} ${reason}`;
        this.#waiting.push({ lane, toSeq, text });
      },
      caughtUp: (chatId) => this.#waiting.push(`caught up ${chatId ?? 'all'}`),
      withdraw: (lane, fromSeq, toSeq) => {
        this.#waiting = this.#waiting.filter(
          (it) =>
            typeof it === 'string' || it.lane !== lane || it.toSeq < fromSeq || it.toSeq > toSeq,
        );
      },
    };
  }
}
