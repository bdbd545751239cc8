// `foq serve`: a broker until it is told to stop. Its flags are the table of options, so it parses
// its words itself.

import closeWithGrace from 'close-with-grace';
import { Command } from 'commander';
import {
  type Broker,
  type Config,
  flagNameOf,
  OPTIONS,
  type OptionName,
  readConfig,
  startBroker,
} from '../index.js';
import { chatUrlOf } from './admission.js';
import { failureText } from './failure.js';
import { framesFor } from './five-frames.js';
import { print } from './output.js';

/** Beyond what the broker itself waits: for the last sync, and for the disk to take it. */
const CLOSE_LONGER_MS = 20_000;

type Flags = Partial<Record<OptionName, string | boolean>>;

/** Resolves when the broker listens; the process ends by a signal. */
export async function serve(words: readonly string[]): Promise<void> {
  const { config: file, ...flags } = flagsOf(words);
  const config = await readConfig({ flags, env: process.env, file });
  const broker = await startBroker(config);
  const delay = config.closeWithinMs + CLOSE_LONGER_MS;
  closeWithGrace({ delay, logger: false }, async ({ err }) => {
    if (err !== undefined) console.error(failureText(err));
    await broker.close();
  });
  await print(greetingOf(broker, { data: config.data, pasting: await pastingFor(broker, config) }));
}

/** Lines that show how to begin; a broker that has no frames to show serves all the same. */
async function pastingFor(broker: Broker, { data }: Config): Promise<string[]> {
  try {
    const frames = (await framesFor(broker, data)) ?? [];
    if (frames.length === 0) return [];
    const place = `${chatUrlOf(broker.url)}, subprotocol foq.v1.json`;
    return ['', `ready: paste these frames one by one into a WebSocket of ${place}`, ...frames];
  } catch (error) {
    return ['', `no frames to paste: ${failureText(error)}`];
  }
}

function flagsOf(words: readonly string[]): Flags & { readonly config?: string } {
  const command = new Command('foq serve')
    .description('starts a broker')
    .option('--config <file>', 'a TOML file with the same options by their names (FOQ_CONFIG)')
    .exitOverride();
  for (const [name, { fallback, limits, meaning }] of Object.entries(OPTIONS)) {
    const value = typeof fallback === 'boolean' ? '' : ' <value>';
    const shown = String(fallback) === '' ? '' : `; default ${String(fallback)}`;
    const said = `${meaning} ${limits.replaceAll('`', '')}${shown}`;
    command.option(`${flagNameOf(name)}${value}`, said);
  }
  return command.parse([...words], { from: 'user' }).opts();
}

const SURVIVES = {
  fsync: 'an answered message survives power loss',
  'page-cache-unsafe': 'UNSAFE: power loss takes the newest messages, though they were answered',
} as const;

function greetingOf(
  { url, durability, hasDemo, hasDevelopmentKey }: Broker,
  { data, pasting }: { readonly data: string; readonly pasting: readonly string[] },
): string {
  const rows = [
    ['devices', `${chatUrlOf(url)} (foq.v1.msgpack or foq.v1.json)`],
    ...(hasDemo ? [['chat demo', `${url}/chat-demo?user=ann, and ?user=bob beside it`]] : []),
    ['health', `${url}/healthz and ${url}/readyz`],
    ['metrics', `${url}/metrics`],
    ['data', `${data}, durability ${durability}: ${SURVIVES[durability]}`],
    ...(hasDevelopmentKey
      ? [['tokens', 'development key; make one with: foq token --user ann']]
      : []),
    ['stop', 'Ctrl-C'],
  ];
  const lines = rows.map(([name = '', value]) => `  ${name.padEnd(10)} ${value}`);
  return `${[`foq listens on ${url}`, ...lines, ...pasting].join('\n')}\n`;
}
