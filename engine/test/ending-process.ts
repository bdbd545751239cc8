// A process that submits appends and then ends in one of three ways, without closing its store:
// `returns` (which waits for the answers and for nothing else), `exits` or `throws`. Its directory
// is its caller's to remove: the store's threads make files in it until the process is gone.

import { NativeStore } from '../native-store.js';
import { Packer } from '../packing.js';
import { deaf } from './native-rig.js';

const APPENDS = 1000;

const [, , how, dir = ''] = process.argv;
process.on('uncaughtException', () => process.exit(7));

let answered = 0;
const answers = {
  ...deaf,
  appended({ seqs }: { readonly seqs: Float64Array }) {
    answered += seqs.length;
    if (answered === APPENDS) process.stdout.write('all answered\n');
  },
  failed(_ticket: number, error: Error) {
    throw error;
  },
};

const store = await NativeStore.open(dir, { journalFileBytes: 1024 * 1024, spares: 1 }, answers);
const packer = new Packer(64 * 1024);
for (let i = 0; i < APPENDS; i++) packer.append('chat', new Uint8Array(64));
store.submit(packer);
if (how === 'exits') process.exit(0);
if (how === 'throws') throw new Error('nobody catches this');
