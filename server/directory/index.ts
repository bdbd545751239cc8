// The door of the directory: users and devices, in embedded SQLite.

export { openDirectory } from './sql-directory.js';
export type { Device, Directory, GivenDevice, GivenUser, User } from './types.js';
