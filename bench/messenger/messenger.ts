// Starts the processes of a scenario and stops them: a broker over a data folder of its own on the
// disk that is measured, a plain server, and a generator.

import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Person } from './people.js';
import { Generator, Server } from './process.js';

/** Modules that are started, as `bench/run.mjs` names them, and where the data lies. */
export interface Places {
  readonly folder: string;
  readonly broker: string;
  readonly plain: string;
  readonly generator: string;
  /** Preloaded into both servers where memory is measured. */
  readonly collector?: string;
}

export interface Messenger {
  readonly broker: Server;
  readonly plain: Server;
  readonly generator: Generator;
  readonly people: readonly Person[];
  stop(): Promise<void>;
}

export interface Wanted {
  readonly connectionsMax: number;
  /** Fills the data folder before the broker opens it. */
  enrol(data: string): Promise<Person[]>;
}

export async function startMessenger(places: Places, wanted: Wanted): Promise<Messenger> {
  const data = await mkdtemp(join(places.folder, 'broker-'));
  const people = await wanted.enrol(data);
  const { collector, plain: script } = places;
  const flags = collector === undefined ? [] : ['--expose-gc', '--import', collector];
  const plain = await Server.start({ script, flags });
  const broker = await Server.start({ script: places.broker, words: words(data, wanted), flags });
  const generator = new Generator({ script: places.generator });
  return {
    ...{ broker, plain, generator, people },
    stop: async () => {
      await Promise.all([generator.stop(), plain.stop(), broker.stop('SIGTERM')]);
      await rm(data, { recursive: true, force: true });
    },
  };
}

/** Durability is the default: a sync before each answer. */
function words(data: string, { connectionsMax }: Wanted): string[] {
  const most = String(connectionsMax);
  return [
    'serve',
    '--data',
    data,
    '--port',
    '0',
    '--connections-max',
    most,
    '--log-level',
    'error',
  ];
}
