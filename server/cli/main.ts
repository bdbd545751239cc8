#!/usr/bin/env node
// The command `foq`. It parses first and imports what a command needs only then, so that help and
// wrong usage load neither the engine nor the addon.
//
// Exit codes: 0 when all is well, 1 when the answer is no or something failed, 2 for wrong usage.

import { Command, CommanderError } from 'commander';
import type { ChatOptions } from './chat.js';
import { failureText } from './failure.js';
import { ReaderGone, watchReader } from './output.js';
import { URL_DEFAULT } from './url.js';

const WRONG_USAGE = 2;

async function main(words: readonly string[]): Promise<void> {
  const program = new Command('foq')
    .description('Starts a FOQ broker, and looks into the data directory of a store.')
    .enablePositionalOptions()
    .exitOverride()
    .showHelpAfterError();
  program
    .command('dump')
    .argument('<dir>', 'data directory of a store')
    .option('--json', 'one JSON object a line instead of text')
    .description('prints what the files hold, batch by batch')
    .action(async (dir: string, options: { json?: boolean }) => {
      const { dump } = await import('./dump.js');
      process.exitCode = await dump(dir, { json: options.json === true });
    });
  program
    .command('verify')
    .argument('<dir>', 'data directory of a store')
    .option('--json', 'one JSON document instead of text')
    .description('reads every byte and says whether all of it checks out')
    .action(async (dir: string, options: { json?: boolean }) => {
      const { verify } = await import('./verify.js');
      process.exitCode = await verify(dir, { json: options.json === true });
    });
  repairing(program);
  backingUp(program);
  serving(program);
  await program.parseAsync([...words], { from: 'user' });
}

function repairing(program: Command): void {
  program
    .command('repair')
    .argument('<dir>', 'data directory of a store')
    .option('--write', 'does it; without, it only says what it would do')
    .option('--json', 'one JSON document instead of text')
    .description('finds lost manifests again, and puts damaged tables aside')
    .action(async (dir: string, options: { write?: boolean; json?: boolean }) => {
      const { repair } = await import('./repair.js');
      const { write = false, json = false } = options;
      process.exitCode = await repair(dir, { write, json });
    });
}

function backingUp(program: Command): void {
  program
    .command('backup')
    .argument('<dir>', 'data directory of a store that nobody has open')
    .argument('<to>', 'an empty directory, or one that is not there yet')
    .option('--json', 'one JSON document instead of text')
    .description('backs a store up; a program that has it open calls queue.backup(to)')
    .action(async (dir: string, to: string, options: { json?: boolean }) => {
      const { backup } = await import('./backup.js');
      await backup({ dir, to, json: options.json === true });
    });
  program
    .command('restore')
    .argument('<backup>', 'directory of a backup')
    .argument('<to>', 'an empty directory, or one that is not there yet')
    .option('--json', 'one JSON document instead of text')
    .description('verifies a backup, and makes a new store of it')
    .action(async (from: string, to: string, options: { json?: boolean }) => {
      const { restore } = await import('./restore.js');
      await restore({ from, to, json: options.json === true });
    });
}

/** What starts a broker, and what speaks to one. */
function serving(program: Command): void {
  program
    .command('serve')
    .description('starts a broker; serve --help lists its options')
    .helpOption(false)
    .passThroughOptions()
    .allowUnknownOption()
    .argument('[words...]')
    .action(async (words: readonly string[]) => {
      const { serve } = await import('./serve.js');
      await serve(words);
    });
  program
    .command('token')
    .description('prints a token of a device, for a broker with the development key')
    .requiredOption('--user <name>', 'id of a user')
    .option('--device <name>', 'id of a device of this user', 'terminal')
    .option('--data <dir>', 'data directory of the broker', './data')
    .action(async ({ user, device, data }: Record<'user' | 'device' | 'data', string>) => {
      const { token } = await import('./token.js');
      const url = process.env['FOQ_URL'] ?? URL_DEFAULT;
      await token({ userId: user, deviceId: device, data, url });
    });
  program
    .command('chat')
    .description('a messenger in a terminal, for a broker with the development key')
    .requiredOption('--user <name>', 'id of a user, who is made where he is missing')
    .option('--device <name>', 'id of a device of this user', 'terminal')
    .option('--to <name>', 'id of the user to write to')
    .option('--chat <id>', 'the chat to write to')
    .option('--data <dir>', 'data directory of the broker', './data')
    .action(async (options: Omit<ChatOptions, 'url'>) => {
      const { chat } = await import('./chat.js');
      const url = process.env['FOQ_URL'] ?? URL_DEFAULT;
      process.exitCode = await chat({ ...options, url });
    });
}

watchReader();
try {
  await main(process.argv.slice(2));
} catch (error) {
  if (error instanceof CommanderError) {
    process.exitCode = error.exitCode === 0 ? 0 : WRONG_USAGE;
  } else if (!(error instanceof ReaderGone)) {
    console.error(failureText(error));
    process.exitCode = 1;
  }
}
