// The door of a messenger's benchmark: a broker, a plain server and a generator, each a process.

export type { Closed, Gathering } from './broker-load.js';
export { type Messenger, type Places, startMessenger } from './messenger.js';
export { enrol, type Person, strangers } from './people.js';
export type { PlainGathering } from './plain-load.js';
export { type Child, Generator, Server } from './process.js';
export { type Course, type OpenWindow, until } from './schedule.js';
